//! `wavefield inspect FOLDER`: a model's shape, and each head's physics.

use super::{ModelFolder, print_json, print_text};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use wavefield::config::{ModelConfig, Positions};
use wavefield::decode::StateSize;
use wavefield::diagnostics::heads::{HeadReport, report};
use wavefield::error::Result;

#[derive(Args)]
pub struct Inspect {
    #[command(flatten)]
    model: ModelFolder,
}

#[derive(Serialize)]
struct Report {
    config: ModelConfig,
    parameters: usize,
    /// Cells from one token to the next; nothing where there is no field.
    stride: Option<f64>,
    tokenizer: &'static str,
    /// What the decoder carries from token to token.
    state_bytes: StateSize,
    heads: Vec<HeadReport>,
    /// Whatever else the file says about itself.
    notes: BTreeMap<String, String>,
}

impl Inspect {
    pub fn run(self) -> Result<()> {
        let (checkpoint, tokenizer) = self.model.open()?;
        let model = checkpoint.model;
        let report = Report {
            parameters: model.config.parameter_count(),
            stride: model.config.is_wave().then(|| model.config.stride()),
            tokenizer: tokenizer.kind(),
            state_bytes: StateSize::of(&model.config),
            heads: report(&model),
            config: model.config,
            notes: checkpoint.extra,
        };
        if self.model.json {
            print_json(&report);
        } else {
            print(&report);
        }
        Ok(())
    }
}

fn print(report: &Report) {
    let c = &report.config;
    let mut lines = vec![
        format!("parameters   {}", report.parameters),
        format!(
            "shape        {} layers of {} heads, width {}, feed-forward {}",
            c.num_layers, c.num_heads, c.embedding_dim, c.ffn_dim
        ),
        match report.stride {
            Some(stride) => format!(
                "field        {} cells for {} tokens, stride {stride}",
                c.field_size, c.max_seq_len
            ),
            None => format!(
                "attention    softmax over up to {} tokens, with {} positions",
                c.max_seq_len,
                match c.positions {
                    Positions::Learned => "learned",
                    Positions::Rotary => "rotary",
                }
            ),
        },
        format!(
            "vocabulary   {} tokens ({})",
            c.vocab_size, report.tokenizer
        ),
        match report.state_bytes {
            StateSize {
                constant,
                per_token: 0,
            } => format!("state        {constant} bytes while decoding"),
            StateSize { per_token, .. } => {
                format!("state        {per_token} bytes for each token while decoding")
            }
        },
    ];
    let options: Vec<&str> = c.options().collect();
    if !options.is_empty() {
        lines.push(format!("options      {}", options.join(", ")));
    }
    lines.extend(
        report
            .notes
            .iter()
            .map(|(key, value)| format!("{key:<12} {value}")),
    );
    if !report.heads.is_empty() {
        lines.push("\nlayer head  frequency  damping   phase  reach  role".into());
    }
    lines.extend(report.heads.iter().map(|head| {
        format!(
            "{:>5} {:>4}  {:>9.4}  {:>7.4}  {:>6.3}  {:>5.1}  {}",
            head.layer, head.head, head.frequency, head.damping, head.phase, head.reach, head.role
        )
    }));
    print_text(&(lines.join("\n") + "\n"));
}

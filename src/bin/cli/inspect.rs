//! `wavefield inspect FOLDER`: a model's shape, and each head's physics.

use super::{ModelFolder, print_json, print_text};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use wavefield::config::ModelConfig;
use wavefield::decode::{AtLimit, Decoder};
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
    /// Cells from one token to the next.
    stride: f64,
    tokenizer: &'static str,
    /// What the decoder carries from token to token, however long the text.
    state_bytes: usize,
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
            stride: model.config.stride(),
            tokenizer: tokenizer.kind(),
            state_bytes: Decoder::new(&model, AtLimit::default()).state_bytes(),
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
        format!(
            "field        {} cells for {} tokens, stride {}",
            c.field_size, c.max_seq_len, report.stride
        ),
        format!(
            "vocabulary   {} tokens ({})",
            c.vocab_size, report.tokenizer
        ),
        format!("state        {} bytes while decoding", report.state_bytes),
    ];
    lines.extend(
        report
            .notes
            .iter()
            .map(|(key, value)| format!("{key:<12} {value}")),
    );
    lines.push("\nlayer head  frequency  damping   phase  reach  role".into());
    lines.extend(report.heads.iter().map(|head| {
        format!(
            "{:>5} {:>4}  {:>9.4}  {:>7.4}  {:>6.3}  {:>5.1}  {}",
            head.layer, head.head, head.frequency, head.damping, head.phase, head.reach, head.role
        )
    }));
    print_text(&(lines.join("\n") + "\n"));
}

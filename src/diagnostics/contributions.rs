//! What each head contributes to a model: by how much the loss on a text changes when the head is muted
//! (gain 0). Every window of the text is read once as the model is and once with each head muted, so
//! that the differences are paired ([`LossChange`]). The work is cut into readings of one window under
//! one model, for those who cannot wait.
//!
//! A muted head changes nothing in the layers before its own. So the heads are muted from the last
//! layer to the first, and each reading begins at the head's layer, from what the window's first
//! reading left there.

use super::divergence::log_softmax;
use super::losses::LossChange;
use crate::backend::cpu::Cpu;
use crate::backend::{Backend, Op, StepInputs};
use crate::config::ModelConfig;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::model::network::{Network, Purpose};

/// A measurement under way. It keeps the model as it was when it began.
pub struct Contributions {
    config: ModelConfig,
    cpu: Cpu<f32>,
    network: Network,
    /// Everything, and all from each layer on.
    whole: Vec<Op>,
    from: Vec<Vec<Op>>,
    /// L × H.
    gains: Vec<f32>,
    /// Tokens that are predicted in a window.
    length: usize,
    /// The window that is being read, and how many of its readings are done.
    window: Vec<u32>,
    done: usize,
    /// The windows' losses as the model is, and for each of the L × H heads with that head muted.
    before: Vec<f64>,
    after: Vec<Vec<f64>>,
}

impl Contributions {
    /// Begins to measure on windows of `length` predicted tokens.
    ///
    /// # Errors
    /// [`Error::Model`] for a standard Transformer, whose heads have no gain; [`Error::Config`] for a
    /// window that does not fit in the context.
    pub fn new(model: &Model, length: usize) -> Result<Self> {
        let config = model.config.clone();
        if !config.is_wave() {
            return Err(Error::Model {
                message: "a standard Transformer has no waves, and its heads no gain to mute them \
                          by; open or train a Wave Field model"
                    .into(),
            });
        }
        if !(1..=config.max_seq_len).contains(&length) {
            return Err(Error::Config {
                field: "length",
                message: format!(
                    "must be from 1 to the model's context ({}), but is {length}",
                    config.max_seq_len
                ),
            });
        }
        Network::check_memory(&config, Purpose::Reading, 1, length)?;
        let mut cpu = Cpu::new();
        let network = Network::for_inference(&mut cpu, model, 1, length);
        Ok(Contributions {
            whole: cpu.prepare(&network.forward(0.0)),
            from: (0..config.num_layers)
                .map(|layer| cpu.prepare(&network.forward_from(layer)))
                .collect(),
            gains: model.gains.clone(),
            length,
            window: Vec::new(),
            done: 0,
            before: Vec::new(),
            after: vec![Vec::new(); model.gains.len()],
            config,
            cpu,
            network,
        })
    }

    /// Readings that a window takes: one as the model is, and one with each head muted.
    pub fn readings(&self) -> usize {
        1 + self.gains.len()
    }

    /// Whether the next reading is the first of another window.
    pub fn is_between_windows(&self) -> bool {
        self.done == 0
    }

    /// Does up to `most` readings, but none of another window. `window`, of `length` + 1 tokens, counts
    /// where the next reading is a window's first. Says whether the window is done.
    ///
    /// # Errors
    /// [`Error::Data`] for a window of another length, or with tokens that the model lacks.
    pub fn advance(&mut self, window: &[u32], most: usize) -> Result<bool> {
        if self.is_between_windows() {
            self.check(window)?;
            self.window = window.to_vec();
        }
        for _ in 0..most {
            self.reading();
            if self.is_between_windows() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn check(&self, window: &[u32]) -> Result<()> {
        let vocab = self.config.vocab_size;
        let wrong = if window.len() != self.length + 1 {
            format!(
                "a window has {} tokens, but {} are expected",
                window.len(),
                self.length + 1
            )
        } else if let Some(id) = window.iter().find(|id| **id as usize >= vocab) {
            format!(
                "a window holds token {id}, but the model knows tokens 0 to {} only",
                vocab - 1
            )
        } else {
            return Ok(());
        };
        Err(Error::Data {
            message: format!("{wrong}; cut the text anew with the model's own tokenizer"),
        })
    }

    /// The window's next reading.
    fn reading(&mut self) {
        if self.done == 0 {
            let ids: Vec<i32> = self.window.iter().map(|id| *id as i32).collect();
            self.cpu.write_batch(&ids[..self.length], &[]);
            self.network.upload_gains(&mut self.cpu, &self.gains);
            self.cpu.run(&self.whole, &StepInputs::default());
            let loss = self.loss();
            self.before.push(loss);
        } else {
            let head = self.gains.len() - self.done;
            let loss = match self.gains[head] {
                // It is muted as it is.
                0.0 => *self.before.last().expect("the window's first reading"),
                _ => self.muted(head),
            };
            self.after[head].push(loss);
        }
        self.done = (self.done + 1) % self.readings();
    }

    fn muted(&mut self, head: usize) -> f64 {
        let mut gains = self.gains.clone();
        gains[head] = 0.0;
        self.network.upload_gains(&mut self.cpu, &gains);
        let program = &self.from[head / self.config.num_heads];
        self.cpu.run(program, &StepInputs::default());
        self.loss()
    }

    /// Mean cross-entropy of the window, from the logits; nats a token.
    fn loss(&self) -> f64 {
        let logits = self.cpu.view(self.network.logits());
        let rows = logits.chunks_exact(self.config.vocab_size);
        let losses =
            (rows.zip(&self.window[1..])).map(|(row, next)| -log_softmax(row)[*next as usize]);
        losses.sum::<f64>() / self.length as f64
    }

    /// What muting a head does to the loss, over the windows that it was read in: above 0 where the
    /// head helps. Nothing before its first reading.
    ///
    /// # Panics
    /// When there is no such head.
    pub fn change(&self, layer: usize, head: usize) -> Option<LossChange> {
        let after = &self.after[layer * self.config.num_heads + head];
        (!after.is_empty()).then(|| LossChange::new(&self.before[..after.len()], after))
    }

    /// Every layer and head, layer by layer.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (layers, heads) = (self.config.num_layers, self.config.num_heads);
        (0..layers).flat_map(move |layer| (0..heads).map(move |head| (layer, head)))
    }

    /// How many windows a head was read in.
    ///
    /// # Panics
    /// When there is no such head.
    pub fn windows(&self, layer: usize, head: usize) -> usize {
        self.after[layer * self.config.num_heads + head].len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Architecture;
    use crate::config::tests::config;
    use crate::diagnostics::Trace;
    use crate::diagnostics::losses::window_losses;
    use crate::model::Head;
    use crate::train;

    const LENGTH: usize = 7;

    fn model() -> Model {
        let mut model = Model::new(config(), 5).unwrap();
        // Fresh weights make so small a difference that rounding could hide behind it.
        for value in model.parameters.flat_mut() {
            *value *= 4.0;
        }
        model
    }

    fn muted(model: &Model, layer: usize, head: usize) -> Model {
        let mut muted = model.clone();
        let values = Head {
            gain: 0.0,
            ..model.head(layer, head)
        };
        muted.set_head(layer, head, values).unwrap();
        muted
    }

    fn windows(model: &Model) -> Vec<Vec<u32>> {
        let vocab = model.config.vocab_size as u32;
        (0..3u32)
            .map(|w| {
                (0..=LENGTH as u32)
                    .map(|i| (w * 31 + i * i * 7 + i) % vocab)
                    .collect()
            })
            .collect()
    }

    /// Each head's losses are those of a model of its own with that gain at 0: as training measures
    /// them, and in float64.
    #[test]
    fn muting_is_the_model_with_that_gain_at_nothing() {
        let model = model();
        let mut found = Contributions::new(&model, LENGTH).unwrap();
        for window in windows(&model) {
            // In pieces that do not divide the readings.
            while !found.advance(&window, 5).unwrap() {}
        }
        for (layer, head) in found.places() {
            let without = muted(&model, layer, head);
            let change = found.change(layer, head).unwrap();
            let losses = |model: &Model| -> Vec<f64> {
                let windows = windows(model);
                windows
                    .iter()
                    .flat_map(|window| window_losses(model, window, LENGTH).unwrap())
                    .collect()
            };
            assert_eq!(change, LossChange::new(&losses(&model), &losses(&without)));
            assert_eq!(found.windows(layer, head), 3);
            let (mut trained, mut exact) = (0.0, 0.0);
            for window in windows(&model) {
                trained += train::evaluate(&without, window.clone(), LENGTH)
                    .unwrap()
                    .loss
                    / 3.0;
                exact += exact_loss(&without, &window) / 3.0;
            }
            assert!(
                (change.after - trained).abs() < 1e-5,
                "{change:?}, {trained}"
            );
            assert!((change.after - exact).abs() < 1e-5, "{change:?}, {exact}");
            assert!(
                change.mean.abs() > 1e-5,
                "the test could not tell: {change:?}"
            );
        }
    }

    /// Softmax and cross-entropy as their formulas say, over a forward in float64.
    fn exact_loss(model: &Model, window: &[u32]) -> f64 {
        let trace = Trace::<f64>::new(model, &window[..LENGTH]);
        let rows = trace.logits.chunks_exact(model.config.vocab_size);
        let losses = rows.zip(&window[1..]).map(|(row, next)| {
            let total: f64 = row.iter().map(|x| x.exp()).sum();
            -(row[*next as usize].exp() / total).ln()
        });
        losses.sum::<f64>() / LENGTH as f64
    }

    #[test]
    fn a_head_that_is_muted_already_changes_nothing() {
        let model = muted(&model(), 1, 2);
        let mut found = Contributions::new(&model, LENGTH).unwrap();
        let readings = found.readings();
        assert!(found.advance(&windows(&model)[0], readings).unwrap());
        assert_eq!(found.change(1, 2).unwrap().mean, 0.0);
        assert_ne!(found.change(1, 1).unwrap().mean, 0.0);
    }

    #[test]
    fn the_last_layer_comes_first_and_nothing_is_said_before_a_reading() {
        let model = model();
        let last = (model.config.num_layers - 1, model.config.num_heads - 1);
        let mut found = Contributions::new(&model, LENGTH).unwrap();
        assert!(!found.advance(&windows(&model)[0], 1).unwrap());
        assert_eq!(found.change(last.0, last.1), None);
        assert!(
            !found.advance(&[], 1).unwrap(),
            "the window is known already"
        );
        assert!(found.change(last.0, last.1).is_some());
        assert_eq!(found.change(0, 0), None);
    }

    #[test]
    fn what_cannot_be_measured_is_refused_in_words() {
        let model = model();
        let mut found = Contributions::new(&model, LENGTH).unwrap();
        let said = |outcome: Result<bool>| outcome.unwrap_err().to_string();
        assert!(said(found.advance(&[0; 4], 1)).contains("4 tokens, but 8 are expected"));
        assert!(said(found.advance(&[9999; 8], 1)).contains("token 9999"));
        assert!(Contributions::new(&model, model.config.max_seq_len + 1).is_err());
        let standard = ModelConfig {
            architecture: Architecture::Standard,
            field_size: 0,
            ..config()
        };
        let standard = Model::new(standard, 1).unwrap();
        let refused = Contributions::new(&standard, LENGTH)
            .map(|_| ())
            .unwrap_err();
        assert!(
            refused.to_string().contains("no gain to mute them by"),
            "{refused}"
        );
    }
}

//! One reading of a text with everything that the model computes on the way: what the other observers
//! look at. It runs the model's own forward on the CPU and reads its buffers afterwards, so that
//! nothing is computed or kept while nobody looks.

use super::field::kernels;
use crate::backend::cpu::Cpu;
use crate::backend::{Backend, StepInputs, View};
use crate::config::ModelConfig;
use crate::kernels::Real;
use crate::kernels::couple_gate::softmax_rows;
use crate::kernels::interference::STATS;
use crate::model::Model;
use crate::model::network::Network;
use crate::model::network::buffers::AttentionBuffers;

/// What a model computes while it reads N tokens. Rows are tokens.
#[derive(Debug, Clone)]
pub struct Trace<T = f32> {
    /// The model's shape.
    pub config: ModelConfig,
    /// The N tokens that were read.
    pub ids: Vec<u32>,
    pub layers: Vec<LayerTrace<T>>,
    /// (N, D): the residual stream after the last layer.
    pub output: Vec<T>,
    /// (N, V).
    pub logits: Vec<T>,
}

/// What one layer computes.
#[derive(Debug, Clone)]
pub struct LayerTrace<T> {
    /// (N, D) each: the residual stream before the layer, after attention, and after the feed-forward
    /// part.
    pub input: Vec<T>,
    pub middle: Vec<T>,
    pub after: Vec<T>,
    /// (N, D): what the tokens heard of each other, coupled and gated, before the projection out.
    pub mixed: Vec<T>,
    pub attention: AttentionTrace<T>,
    /// The interference module that follows the layer.
    pub interference: Option<InterferenceTrace<T>>,
}

/// What the attention of an architecture computes.
#[derive(Debug, Clone)]
pub enum AttentionTrace<T> {
    Wave(WaveTrace<T>),
    Standard {
        /// (N, 3D): queries, keys and values.
        qkv: Vec<T>,
    },
}

/// What wave attention computes. Head h owns channels h·d..(h+1)·d.
#[derive(Debug, Clone)]
pub struct WaveTrace<T> {
    /// (N, D): v·‖k‖.
    pub deposits: Vec<T>,
    /// (N, D): what reached the tokens, before it is coupled and gated.
    pub gathered: Vec<T>,
    /// (N, D): between 0 and 1.
    pub gate: Vec<T>,
    /// (H, H): each row adds up to 1.
    pub coupling: Vec<T>,
    /// (H, taps): κ, divided by its sum and multiplied by the head's gain, at each place of the line:
    /// each cell of the field, or each token where the stride is a whole number of cells.
    pub kernel: Vec<T>,
}

/// What an interference module computes.
#[derive(Debug, Clone)]
pub struct InterferenceTrace<T> {
    /// (N) each: how much a token agrees with the mean of the text so far, -1 to 1, and how strongly
    /// it takes it on, 0 to 1.
    pub alignment: Vec<T>,
    pub strength: Vec<T>,
    /// (N, D): between 0 and 1.
    pub gate: Vec<T>,
    /// (N, D): the mean of the text so far, expanded.
    pub context: Vec<T>,
    /// (N, D): the residual stream after the module.
    pub output: Vec<T>,
}

impl<T: Real> Trace<T> {
    /// Reads a text.
    ///
    /// # Panics
    /// When there is no token, more than the context has room for, or one beyond the vocabulary.
    pub fn new(model: &Model, ids: &[u32]) -> Self {
        Self::read(Cpu::new(), model, ids)
    }

    /// The same, its waves by Fourier transforms instead of step by step: the same numbers but for rounding.
    ///
    /// # Panics
    /// As [`Trace::new`].
    pub fn by_transforms(model: &Model, ids: &[u32]) -> Self {
        Self::read(Cpu::by_transforms(), model, ids)
    }

    fn read(mut cpu: Cpu<T>, model: &Model, ids: &[u32]) -> Self {
        let config = model.config.clone();
        assert!(!ids.is_empty(), "a text has at least one token");
        let known = ids.iter().all(|id| (*id as usize) < config.vocab_size);
        assert!(known, "token ids are below {}", config.vocab_size);
        let network = Network::for_inference(&mut cpu, model, 1, ids.len());
        let signed: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
        cpu.write_batch(&signed, &[]);
        let program = cpu.prepare(&network.forward(0.0));
        cpu.run(&program, &StepInputs::default());

        let b = network.buffers();
        let read = |view: &View| cpu.view(view).to_vec();
        let sigmoid = |view: &View| cpu.view(view).iter().map(|x| x.sigmoid()).collect();
        let layers = (0..config.num_layers)
            .map(|layer| {
                let buffers = &b.layers[layer];
                let attention = match &buffers.attention {
                    AttentionBuffers::Wave(wave) => AttentionTrace::Wave(WaveTrace {
                        deposits: read(&wave.deposits),
                        gathered: read(&wave.gathered),
                        gate: sigmoid(&wave.gate),
                        coupling: coupling(model, layer),
                        kernel: kernels(model, layer, network.taps()),
                    }),
                    AttentionBuffers::Standard(standard) => AttentionTrace::Standard {
                        qkv: read(&standard.qkv),
                    },
                };
                let interference = config.interference_after(layer).map(|module| {
                    let module = &b.interference[module];
                    let stats = read(&module.stats);
                    let stat = |i| stats.iter().skip(i).step_by(STATS).copied().collect();
                    InterferenceTrace {
                        alignment: stat(2),
                        strength: stat(3),
                        gate: sigmoid(&module.gate),
                        context: read(&module.expanded),
                        output: read(network.stream(layer + 1)),
                    }
                });
                LayerTrace {
                    input: read(&buffers.input),
                    middle: read(&buffers.middle),
                    after: read(network.after_feed_forward(layer)),
                    mixed: read(&buffers.mixed),
                    attention,
                    interference,
                }
            })
            .collect();
        Trace {
            ids: ids.to_vec(),
            layers,
            output: read(&b.output),
            logits: read(&b.logits),
            config,
        }
    }

    /// N.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Never: a text has at least one token.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

impl<T> LayerTrace<T> {
    /// The layer's wave attention; none in a standard Transformer.
    pub fn wave(&self) -> Option<&WaveTrace<T>> {
        match &self.attention {
            AttentionTrace::Wave(wave) => Some(wave),
            AttentionTrace::Standard { .. } => None,
        }
    }
}

/// A layer's coupling after its softmax, (H, H).
fn coupling<T: Real>(model: &Model, layer: usize) -> Vec<T> {
    let range = model.parameters.table().layers[layer]
        .wave()
        .coupling
        .clone();
    let raw: Vec<T> = model.parameters.flat()[range]
        .iter()
        .map(|c| T::of(f64::from(*c)))
        .collect();
    softmax_rows(&raw, model.config.num_heads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use crate::model::inference;

    /// The same convolution in another order of sums: near, and not the very same.
    #[test]
    fn transforms_hear_what_the_recurrence_hears() {
        let model = Model::new(config(), 3).unwrap();
        let ids = [3u32, 1, 4, 1, 5, 9, 2, 6];
        let heard = |trace: &Trace| trace.layers[0].wave().unwrap().gathered.clone();
        let recurrence = heard(&Trace::new(&model, &ids));
        let transforms = heard(&Trace::by_transforms(&model, &ids));
        assert!(crate::train::proof::distance(&transforms, &recurrence) < 1e-6);
        assert_ne!(transforms, recurrence);
    }

    /// The parts follow from each other as the formulas say, and end in the model's own logits.
    #[test]
    fn the_parts_are_those_of_the_forward() {
        let model = Model::new(config(), 3).unwrap();
        let ids = [3u32, 1, 4, 1, 5, 9, 2, 6];
        let trace = Trace::<f64>::new(&model, &ids);
        let logits = inference::logits(&model, &ids, 1, ids.len()).unwrap();
        for (exact, used) in trace.logits.iter().zip(&logits) {
            assert!(
                (exact - f64::from(*used)).abs() < 1e-5,
                "{exact} and {used}"
            );
        }
        let (dim, width) = (trace.config.embedding_dim, trace.config.head_dim());
        for (i, layer) in trace.layers.iter().enumerate() {
            let wave = layer.wave().unwrap();
            for t in 0..trace.len() {
                for channel in 0..dim {
                    let head = channel / width;
                    let coupled: f64 = (0..trace.config.num_heads)
                        .map(|h| {
                            wave.coupling[head * trace.config.num_heads + h]
                                * wave.gathered[t * dim + h * width + channel % width]
                        })
                        .sum();
                    let at = t * dim + channel;
                    assert!((layer.mixed[at] - wave.gate[at] * coupled).abs() < 1e-12);
                }
            }
            let end = match &layer.interference {
                Some(module) => {
                    for at in 0..trace.len() * dim {
                        let taken =
                            module.gate[at] * module.context[at] * module.strength[at / dim];
                        assert!((module.output[at] - layer.after[at] - taken).abs() < 1e-12);
                    }
                    &module.output
                }
                None => &layer.after,
            };
            let next = trace
                .layers
                .get(i + 1)
                .map_or(&trace.output, |next| &next.input);
            assert_eq!(end, next);
        }
    }
}

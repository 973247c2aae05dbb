//! The parameter table: every learned tensor's name, shape and initial value, declared once.
//!
//! All values lie in one flat vector, so that clipping, the optimiser and a GPU upload are each
//! one operation. Tensors start at multiples of [`ALIGNMENT`]; the gaps stay zero.

use crate::config::{Architecture, FeedForward, ModelConfig, NEAR_FIELD, Norm, Positions};
use crate::rng::{Philox, Stream};
use std::ops::Range;

/// Tensors start at multiples of so many floats: 256 bytes, WebGPU's default binding alignment.
pub const ALIGNMENT: usize = 64;

/// How a tensor starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Initial {
    /// Every element the same.
    Constant(f32),
    /// Normal with mean 0 and this standard deviation.
    Normal(f32),
    /// Evenly spaced from the first value to the last, both included.
    Linspace(f32, f32),
    /// 1 in the last column, 0 in the others.
    LastColumn,
    /// The identity matrix plus normal noise of this standard deviation.
    NoisyIdentity(f32),
}

/// One learned tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSpec {
    /// The public release's name.
    pub name: String,
    /// Row-major shape; empty for a scalar.
    pub shape: Vec<usize>,
    /// Where it starts in the flat vector, in floats.
    pub offset: usize,
    /// How it starts.
    pub initial: Initial,
    /// Whether weight decay pulls it towards 0: everything but near fields.
    pub decayed: bool,
    /// Whether it belongs to the physics of the waves, which may learn at a rate of its own: ω, a, φ, C
    /// and near fields.
    pub physics: bool,
}

impl ParameterSpec {
    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the tensor lies in the flat vector.
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.len()
    }

    /// What element `i` starts from; nothing where that is drawn at random.
    pub fn start(&self, i: usize) -> Option<f32> {
        match self.initial {
            Initial::Constant(value) => Some(value),
            Initial::Linspace(from, to) => {
                let last = self.len().saturating_sub(1).max(1) as f32;
                Some(from + (to - from) * i as f32 / last)
            }
            Initial::LastColumn => {
                let columns = self.shape.last().copied().unwrap_or(1);
                Some(if (i + 1).is_multiple_of(columns) {
                    1.0
                } else {
                    0.0
                })
            }
            Initial::Normal(_) | Initial::NoisyIdentity(_) => None,
        }
    }
}

/// Where the tensors of one layer lie in the flat vector.
#[derive(Debug, Clone)]
pub struct LayerRanges {
    pub norm1: NormRanges,
    pub attention: AttentionRanges,
    pub out_weight: Range<usize>,
    pub out_bias: Range<usize>,
    pub norm2: NormRanges,
    pub feed_forward: FeedForwardRanges,
}

/// Where a norm's tensors lie.
#[derive(Debug, Clone)]
pub struct NormRanges {
    pub weight: Range<usize>,
    /// None in an RMS norm.
    pub bias: Option<Range<usize>>,
}

impl NormRanges {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Range<usize>> {
        std::iter::once(&self.weight).chain(&self.bias)
    }
}

/// Where those tensors of a layer lie that its feed-forward part has.
#[derive(Debug, Clone)]
pub enum FeedForwardRanges {
    Gelu {
        in_weight: Range<usize>,
        in_bias: Range<usize>,
        out_weight: Range<usize>,
        out_bias: Range<usize>,
    },
    /// `[F, D]` twice, and `[D, F]`.
    Swiglu {
        gate: Range<usize>,
        up: Range<usize>,
        down: Range<usize>,
    },
}

/// Where those tensors of a layer lie that an architecture has to itself.
#[derive(Debug, Clone)]
pub enum AttentionRanges {
    Wave(WaveRanges),
    Standard(StandardRanges),
}

/// Wave attention.
#[derive(Debug, Clone)]
pub struct WaveRanges {
    /// `[2D, D]`: the key rows, then the value rows. The release's query third is never used.
    pub key_value_weight: Range<usize>,
    pub key_value_bias: Range<usize>,
    /// `[D, NEAR_FIELD]`: of each channel the weights of the tokens from the farthest to the token itself.
    pub near_field: Option<Range<usize>>,
    pub gate_weight: Range<usize>,
    pub gate_bias: Range<usize>,
    pub frequency: Range<usize>,
    pub damping: Range<usize>,
    pub phase: Range<usize>,
    pub coupling: Range<usize>,
}

/// Softmax attention.
#[derive(Debug, Clone)]
pub struct StandardRanges {
    /// `[3D, D]`: the query rows, then the key rows, then the value rows.
    pub in_weight: Range<usize>,
    pub in_bias: Range<usize>,
}

impl LayerRanges {
    /// The layer's wave attention.
    ///
    /// # Panics
    /// When the model is a standard Transformer.
    pub fn wave(&self) -> &WaveRanges {
        match &self.attention {
            AttentionRanges::Wave(ranges) => ranges,
            AttentionRanges::Standard(_) => panic!("a standard Transformer has no waves"),
        }
    }
}

/// Where the tensors of one interference module lie in the flat vector.
#[derive(Debug, Clone)]
pub struct InterferenceRanges {
    pub compress_weight: Range<usize>,
    pub compress_bias: Range<usize>,
    pub expand_weight: Range<usize>,
    pub expand_bias: Range<usize>,
    pub local_weight: Range<usize>,
    pub local_bias: Range<usize>,
    pub global_weight: Range<usize>,
    pub global_bias: Range<usize>,
    pub gate_weight: Range<usize>,
    pub gate_bias: Range<usize>,
    pub temperature: Range<usize>,
}

/// The table of a configuration: all specs in the order of the flat vector, and typed ranges.
#[derive(Debug, Clone)]
pub struct ParameterTable {
    pub specs: Vec<ParameterSpec>,
    pub token_embedding: Range<usize>,
    /// `[M, D]`: a standard Transformer's learned positions.
    pub positional_embedding: Option<Range<usize>>,
    pub layers: Vec<LayerRanges>,
    pub interference: Vec<InterferenceRanges>,
    pub norm: NormRanges,
    /// The flat vector's length, padding included.
    pub flat_len: usize,
}

#[derive(Default)]
struct Builder {
    specs: Vec<ParameterSpec>,
    end: usize,
}

/// Standard deviation of every linear and embedding weight.
const WEIGHT: Initial = Initial::Normal(0.02);
const ZERO: Initial = Initial::Constant(0.0);
const ONE: Initial = Initial::Constant(1.0);

impl Builder {
    fn add(&mut self, name: String, shape: &[usize], initial: Initial) -> Range<usize> {
        let spec = ParameterSpec {
            name,
            shape: shape.to_vec(),
            offset: self.end,
            initial,
            decayed: true,
            physics: false,
        };
        let range = spec.range();
        self.end = range.end.next_multiple_of(ALIGNMENT);
        self.specs.push(spec);
        range
    }

    fn linear(&mut self, name: &str, out: usize, input: usize) -> (Range<usize>, Range<usize>) {
        (
            self.add(format!("{name}.weight"), &[out, input], WEIGHT),
            self.add(format!("{name}.bias"), &[out], ZERO),
        )
    }

    /// A part of the waves' physics.
    fn physics(&mut self, name: String, shape: &[usize], initial: Initial) -> Range<usize> {
        let range = self.add(name, shape, initial);
        self.specs.last_mut().expect("just added").physics = true;
        range
    }

    fn norm(&mut self, name: &str, config: &ModelConfig) -> NormRanges {
        let dim = config.embedding_dim;
        let bias = |this: &mut Self| this.add(format!("{name}.bias"), &[dim], ZERO);
        NormRanges {
            weight: self.add(format!("{name}.weight"), &[dim], ONE),
            bias: (config.norm == Norm::Layer).then(|| bias(self)),
        }
    }

    fn feed_forward(&mut self, config: &ModelConfig, layer: &str) -> FeedForwardRanges {
        let (d, f) = (config.embedding_dim, config.ffn_dim);
        match config.feed_forward {
            FeedForward::Gelu => {
                let [inner, outer] = match config.architecture {
                    Architecture::Wave => ["ffn.0", "ffn.3"],
                    Architecture::Standard => ["linear1", "linear2"],
                };
                let (in_weight, in_bias) = self.linear(&format!("{layer}.{inner}"), f, d);
                let (out_weight, out_bias) = self.linear(&format!("{layer}.{outer}"), d, f);
                FeedForwardRanges::Gelu {
                    in_weight,
                    in_bias,
                    out_weight,
                    out_bias,
                }
            }
            FeedForward::Swiglu => {
                let mut matrix = |part: &str, shape: [usize; 2]| {
                    self.add(format!("{layer}.ffn.{part}.weight"), &shape, WEIGHT)
                };
                FeedForwardRanges::Swiglu {
                    gate: matrix("gate", [f, d]),
                    up: matrix("up", [f, d]),
                    down: matrix("down", [d, f]),
                }
            }
        }
    }

    fn layer(&mut self, config: &ModelConfig, i: usize) -> LayerRanges {
        let layer = match config.architecture {
            Architecture::Wave => format!("layers.{i}"),
            Architecture::Standard => format!("transformer.layers.{i}"),
        };
        let name = |part: &str| format!("{layer}.{part}");
        let norm1 = self.norm(&name("norm1"), config);
        let (attention, (out_weight, out_bias)) = match config.architecture {
            Architecture::Wave => self.wave_attention(config, &name("attention")),
            Architecture::Standard => {
                self.standard_attention(config.embedding_dim, &name("self_attn"))
            }
        };
        LayerRanges {
            norm1,
            attention,
            out_weight,
            out_bias,
            norm2: self.norm(&name("norm2"), config),
            feed_forward: self.feed_forward(config, &layer),
        }
    }

    /// What wave attention has to itself, and its projection out.
    fn wave_attention(
        &mut self,
        config: &ModelConfig,
        prefix: &str,
    ) -> (AttentionRanges, (Range<usize>, Range<usize>)) {
        let (d, h) = (config.embedding_dim, config.num_heads);
        let name = |part: &str| format!("{prefix}.{part}");
        let (key_value_weight, key_value_bias) = self.linear(&name("qkv_proj"), 2 * d, d);
        let (gate_weight, gate_bias) = self.linear(&name("gate_proj"), d, d);
        let out = self.linear(&name("out_proj"), d, d);
        let pi = std::f32::consts::PI;
        let mut wave =
            |part: &str, from, to| self.physics(name(part), &[h], Initial::Linspace(from, to));
        let frequency = wave("wave_frequency", 0.3, 4.0);
        let damping = wave("wave_damping", -3.0, 0.5);
        let phase = wave("wave_phase", 0.0, pi);
        let noisy = Initial::NoisyIdentity(0.01);
        let coupling = self.physics(name("field_coupling"), &[h, h], noisy);
        let ranges = AttentionRanges::Wave(WaveRanges {
            key_value_weight,
            key_value_bias,
            near_field: None,
            gate_weight,
            gate_bias,
            frequency,
            damping,
            phase,
            coupling,
        });
        (ranges, out)
    }

    /// The same of softmax attention.
    fn standard_attention(
        &mut self,
        d: usize,
        prefix: &str,
    ) -> (AttentionRanges, (Range<usize>, Range<usize>)) {
        let ranges = AttentionRanges::Standard(StandardRanges {
            in_weight: self.add(format!("{prefix}.in_proj_weight"), &[3 * d, d], WEIGHT),
            in_bias: self.add(format!("{prefix}.in_proj_bias"), &[3 * d], ZERO),
        });
        (ranges, self.linear(&format!("{prefix}.out_proj"), d, d))
    }

    /// All layers' near fields, behind everything else: what is not decayed lies together, and all that is
    /// in one piece before it.
    fn near_fields(&mut self, config: &ModelConfig, layers: &mut [LayerRanges]) {
        if config.near_field == 0 {
            return;
        }
        for (i, layer) in layers.iter_mut().enumerate() {
            if let AttentionRanges::Wave(ranges) = &mut layer.attention {
                let (name, shape) = (
                    format!("layers.{i}.attention.near_field"),
                    [config.embedding_dim, NEAR_FIELD],
                );
                ranges.near_field = Some(self.physics(name, &shape, Initial::LastColumn));
                self.specs.last_mut().expect("just added").decayed = false;
            }
        }
    }

    fn interference(&mut self, config: &ModelConfig, j: usize) -> InterferenceRanges {
        let (d, c) = (config.embedding_dim, config.context_dim());
        let name = |part: &str| format!("interference_modules.{j}.{part}");
        let (compress_weight, compress_bias) = self.linear(&name("compress"), c, d);
        let (expand_weight, expand_bias) = self.linear(&name("expand"), d, c);
        let (local_weight, local_bias) = self.linear(&name("local_phase_proj"), d, d);
        let (global_weight, global_bias) = self.linear(&name("global_phase_proj"), d, d);
        let (gate_weight, gate_bias) = self.linear(&name("interference_gate"), d, 2 * d);
        let start = if j.is_multiple_of(2) { -2.0 } else { 0.5 };
        let temperature = self.add(
            name("interference_temperature"),
            &[],
            Initial::Constant(start),
        );
        InterferenceRanges {
            compress_weight,
            compress_bias,
            expand_weight,
            expand_bias,
            local_weight,
            local_bias,
            global_weight,
            global_bias,
            gate_weight,
            gate_bias,
            temperature,
        }
    }
}

impl ParameterTable {
    /// The table of a validated configuration.
    pub fn new(config: &ModelConfig) -> Self {
        let mut builder = Builder::default();
        let shape = [config.vocab_size, config.embedding_dim];
        let token_embedding = builder.add("token_embedding.weight".into(), &shape, WEIGHT);
        let learned =
            config.architecture == Architecture::Standard && config.positions == Positions::Learned;
        let positional_embedding = learned.then(|| {
            let shape = [config.max_seq_len, config.embedding_dim];
            builder.add("positional_embedding.weight".into(), &shape, WEIGHT)
        });
        let mut layers: Vec<LayerRanges> = (0..config.num_layers)
            .map(|i| builder.layer(config, i))
            .collect();
        let interference = (0..config.num_interference())
            .map(|j| builder.interference(config, j))
            .collect();
        let norm = builder.norm("norm", config);
        builder.near_fields(config, &mut layers);
        ParameterTable {
            specs: builder.specs,
            token_embedding,
            positional_embedding,
            layers,
            interference,
            norm,
            flat_len: builder.end,
        }
    }
}

/// The values of a model's parameters.
#[derive(Debug, Clone)]
pub struct Parameters {
    table: ParameterTable,
    values: Vec<f32>,
}

impl Parameters {
    /// All zeros.
    pub fn zeros(config: &ModelConfig) -> Self {
        let table = ParameterTable::new(config);
        let values = vec![0.0; table.flat_len];
        Parameters { table, values }
    }

    /// The initial values, drawn from the seed.
    pub fn initial(config: &ModelConfig, seed: u64) -> Self {
        let mut parameters = Self::zeros(config);
        let rng = Philox::stream(seed, Stream::Initial);
        for spec in &parameters.table.specs {
            let columns = spec.shape.last().copied().unwrap_or(1);
            for i in 0..spec.len() {
                let normal = |std: f32| std * rng.normal((spec.offset + i) as u64);
                parameters.values[spec.offset + i] = match spec.initial {
                    Initial::Normal(std) => normal(std),
                    Initial::NoisyIdentity(std) => {
                        let diagonal = i / columns == i % columns;
                        normal(std) + if diagonal { 1.0 } else { 0.0 }
                    }
                    _ => spec.start(i).expect("it is not drawn"),
                };
            }
        }
        parameters
    }

    /// Names, shapes and places, in the order of the flat vector.
    pub fn specs(&self) -> &[ParameterSpec] {
        &self.table.specs
    }

    /// Typed places of every tensor.
    pub fn table(&self) -> &ParameterTable {
        &self.table
    }

    /// A tensor's values by its name.
    pub fn get(&self, name: &str) -> Option<&[f32]> {
        let spec = self.table.specs.iter().find(|spec| spec.name == name)?;
        Some(&self.values[spec.range()])
    }

    /// A tensor's values by its name, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut [f32]> {
        let spec = self.table.specs.iter().find(|spec| spec.name == name)?;
        Some(&mut self.values[spec.range()])
    }

    /// The flat vector, padding included.
    pub fn flat(&self) -> &[f32] {
        &self.values
    }

    /// The flat vector, to change. The padding must stay zero.
    pub fn flat_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}

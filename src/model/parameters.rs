//! The parameter table: every learned tensor's name, shape and initial value, declared once.
//!
//! All values lie in one flat vector, so that clipping, the optimiser and a GPU upload are each
//! one operation. Tensors start at multiples of [`ALIGNMENT`]; the gaps stay zero.

use crate::config::{Architecture, ModelConfig};
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
            Initial::Normal(_) | Initial::NoisyIdentity(_) => None,
        }
    }
}

/// Where the tensors of one layer lie in the flat vector.
#[derive(Debug, Clone)]
pub struct LayerRanges {
    pub norm1_weight: Range<usize>,
    pub norm1_bias: Range<usize>,
    pub attention: AttentionRanges,
    pub out_weight: Range<usize>,
    pub out_bias: Range<usize>,
    pub norm2_weight: Range<usize>,
    pub norm2_bias: Range<usize>,
    pub ffn_in_weight: Range<usize>,
    pub ffn_in_bias: Range<usize>,
    pub ffn_out_weight: Range<usize>,
    pub ffn_out_bias: Range<usize>,
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
    pub norm_weight: Range<usize>,
    pub norm_bias: Range<usize>,
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

    fn norm(&mut self, name: &str, dim: usize) -> (Range<usize>, Range<usize>) {
        (
            self.add(format!("{name}.weight"), &[dim], ONE),
            self.add(format!("{name}.bias"), &[dim], ZERO),
        )
    }

    fn layer(&mut self, config: &ModelConfig, i: usize) -> LayerRanges {
        let (d, f) = (config.embedding_dim, config.ffn_dim);
        let (layer, [inner, outer]) = match config.architecture {
            Architecture::Wave => (format!("layers.{i}"), ["ffn.0", "ffn.3"]),
            Architecture::Standard => (format!("transformer.layers.{i}"), ["linear1", "linear2"]),
        };
        let name = |part: &str| format!("{layer}.{part}");
        let (norm1_weight, norm1_bias) = self.norm(&name("norm1"), d);
        let (attention, (out_weight, out_bias)) = match config.architecture {
            Architecture::Wave => self.wave_attention(config, &name("attention")),
            Architecture::Standard => self.standard_attention(d, &name("self_attn")),
        };
        let (norm2_weight, norm2_bias) = self.norm(&name("norm2"), d);
        let (ffn_in_weight, ffn_in_bias) = self.linear(&name(inner), f, d);
        let (ffn_out_weight, ffn_out_bias) = self.linear(&name(outer), d, f);
        LayerRanges {
            norm1_weight,
            norm1_bias,
            attention,
            out_weight,
            out_bias,
            norm2_weight,
            norm2_bias,
            ffn_in_weight,
            ffn_in_bias,
            ffn_out_weight,
            ffn_out_bias,
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
            |part: &str, from, to| self.add(name(part), &[h], Initial::Linspace(from, to));
        let frequency = wave("wave_frequency", 0.3, 4.0);
        let damping = wave("wave_damping", -3.0, 0.5);
        let phase = wave("wave_phase", 0.0, pi);
        let noisy = Initial::NoisyIdentity(0.01);
        let coupling = self.add(name("field_coupling"), &[h, h], noisy);
        let ranges = AttentionRanges::Wave(WaveRanges {
            key_value_weight,
            key_value_bias,
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
        let positional_embedding = (config.architecture == Architecture::Standard).then(|| {
            let shape = [config.max_seq_len, config.embedding_dim];
            builder.add("positional_embedding.weight".into(), &shape, WEIGHT)
        });
        let layers = (0..config.num_layers)
            .map(|i| builder.layer(config, i))
            .collect();
        let interference = (0..config.num_interference())
            .map(|j| builder.interference(config, j))
            .collect();
        let (norm_weight, norm_bias) = builder.norm("norm", config.embedding_dim);
        ParameterTable {
            specs: builder.specs,
            token_embedding,
            positional_embedding,
            layers,
            interference,
            norm_weight,
            norm_bias,
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
                    Initial::Constant(_) | Initial::Linspace(..) => {
                        spec.start(i).expect("it is not drawn")
                    }
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

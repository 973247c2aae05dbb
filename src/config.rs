//! The shape of a model, and the laws that a shape must keep.

use crate::decode::StateSize;
use crate::error::{Error, Result};
use crate::memory;
use serde::{Deserialize, Serialize};

/// How a model's tokens hear each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// Damped waves on a field.
    #[default]
    Wave,
    /// Causal softmax attention with learned positions: what the wave model is compared with.
    Standard,
}

impl Architecture {
    fn is_wave(&self) -> bool {
        *self == Architecture::Wave
    }
}

/// How a token's state is normalised before each part of a layer, and before the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// To mean 0 and variance 1, with a weight and a bias.
    #[default]
    Layer,
    /// To a root mean square of 1, with a weight alone (Zhang and Sennrich 2019).
    Rms,
}

/// What stands between the two matrices of the feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum FeedForward {
    /// The exact GELU; both matrices have a bias.
    #[default]
    Gelu,
    /// silu(gate·x) ∘ (up·x), three matrices without a bias (Shazeer 2020).
    Swiglu,
}

/// How a standard Transformer knows where a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(rename_all = "snake_case")]
pub enum Positions {
    /// A learned vector for each place, added to the token's.
    #[default]
    Learned,
    /// Queries and keys are turned by their place (Su et al. 2021).
    Rotary,
}

/// Whether an option is as it is where nothing is said, and so need not be written.
fn usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Tokens that a near field reaches over: the token and the three before it.
pub const NEAR_FIELD: usize = 4;

/// The shape of a model. Field names are those of the checkpoint's metadata.
///
/// The fields from [`ModelConfig::norm`] on are options, each off where a file does not name it; a field
/// that is not known is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// What kind of model it is.
    #[serde(default, skip_serializing_if = "Architecture::is_wave")]
    pub architecture: Architecture,
    /// V: how many different tokens there are.
    pub vocab_size: usize,
    /// D: numbers per token in the residual stream.
    pub embedding_dim: usize,
    /// L: layers.
    pub num_layers: usize,
    /// H: attention heads; divides D.
    pub num_heads: usize,
    /// F: width of the feed-forward layer.
    pub ffn_dim: usize,
    /// G: cells of the field; 0 for a standard Transformer, which has none.
    pub field_size: usize,
    /// M: the most tokens the field, or the table of learned positions, has room for.
    pub max_seq_len: usize,
    /// An interference module follows every so many layers; a standard Transformer has none.
    pub interference_interval: usize,
    /// c: what the sinusoidal positions are multiplied by; 1 is the public release. A standard
    /// Transformer learns its positions.
    #[serde(default = "release_position_scale")]
    pub position_scale: f32,
    /// The norm of every layer and of the output.
    #[serde(default, skip_serializing_if = "usual")]
    pub norm: Norm,
    /// The feed-forward part of every layer.
    #[serde(default, skip_serializing_if = "usual")]
    pub feed_forward: FeedForward,
    /// Tokens whose states a wave layer mixes, channel by channel, before keys and values are made of
    /// them: [`NEAR_FIELD`], or 0 for none.
    #[serde(default, skip_serializing_if = "usual")]
    pub near_field: usize,
    /// Tokens that the last layer attends to instead of hearing waves. Not computed yet: 0.
    #[serde(default, skip_serializing_if = "usual")]
    pub window: usize,
    /// Layers whose waves carry keys. Not computed yet: 0.
    #[serde(default, skip_serializing_if = "usual")]
    pub keyed_layers: usize,
    /// Numbers of a key. Not computed yet: 0.
    #[serde(default, skip_serializing_if = "usual")]
    pub key_dim: usize,
    /// How a standard Transformer knows places. A wave model has `learned` here, and its field.
    #[serde(default, skip_serializing_if = "usual")]
    pub positions: Positions,
}

fn release_position_scale() -> f32 {
    1.0
}

/// No shape yet, which no check passes: every dimension 0, every option off.
impl Default for ModelConfig {
    fn default() -> Self {
        ModelConfig {
            architecture: Architecture::Wave,
            vocab_size: 0,
            embedding_dim: 0,
            num_layers: 0,
            num_heads: 0,
            ffn_dim: 0,
            field_size: 0,
            max_seq_len: 0,
            interference_interval: 0,
            position_scale: release_position_scale(),
            norm: Norm::Layer,
            feed_forward: FeedForward::Gelu,
            near_field: 0,
            window: 0,
            keyed_layers: 0,
            key_dim: 0,
            positions: Positions::Learned,
        }
    }
}

/// Where a token sits on the field: weight `1 - fraction` on `cell`, `fraction` on `cell + 1`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// The lower of the two cells.
    pub cell: usize,
    /// Distance from `cell` towards the next one, 0 <= fraction < 1.
    pub fraction: f64,
}

/// Largest values of the dimensions: far beyond what anybody trains here, and small enough that the
/// sums below stay within 64 bits, and that whatever goes through layers, heads or cells ends.
const MAX_WIDTH: usize = 1 << 24;
const MAX_VOCABULARY: usize = 1 << 20;
const MAX_LAYERS: usize = 1 << 10;
const MAX_HEADS: usize = 1 << 10;
const MAX_CONTEXT: usize = 1 << 20;
const MAX_CELLS: usize = 1 << 22;
/// Most parameters a configuration may ask for (256 MiB of float32).
const MAX_PARAMETERS: usize = 1 << 26;
/// A layer's tensors have names and places; a token has a text, a logit, and its share in a draw.
const BYTES_A_PARAMETER_TENSOR: u64 = 8192;
const BYTES_A_TOKEN: u64 = 256;

impl ModelConfig {
    /// d = D / H: channels per head.
    pub fn head_dim(&self) -> usize {
        self.embedding_dim / self.num_heads
    }

    /// C = D / 4: width of the interference context.
    pub fn context_dim(&self) -> usize {
        self.embedding_dim / 4
    }

    /// Whether tokens hear each other by waves.
    pub fn is_wave(&self) -> bool {
        self.architecture.is_wave()
    }

    /// The options that are on, in words: what the public release does not have.
    pub fn options(&self) -> impl Iterator<Item = &'static str> {
        let options = [
            (self.norm == Norm::Rms, "RMS norms"),
            (self.feed_forward == FeedForward::Swiglu, "a SwiGLU"),
            (self.near_field > 0, "a near field"),
            (self.positions == Positions::Rotary, "rotary positions"),
        ];
        options
            .into_iter()
            .filter_map(|(on, words)| on.then_some(words))
    }

    /// How many interference modules there are: L / interval, rounded down.
    pub fn num_interference(&self) -> usize {
        match self.architecture {
            Architecture::Wave => self.num_layers / self.interference_interval,
            Architecture::Standard => 0,
        }
    }

    /// The interference module that follows this layer, if one does.
    pub fn interference_after(&self, layer: usize) -> Option<usize> {
        let follows = self.is_wave() && (layer + 1).is_multiple_of(self.interference_interval);
        follows.then(|| (layer + 1) / self.interference_interval - 1)
    }

    /// s = (G-1)/(M-1): cells from one token to the next.
    pub fn stride(&self) -> f64 {
        (self.field_size - 1) as f64 / (self.max_seq_len - 1) as f64
    }

    /// The stride where it is a whole number of cells, so that no token sits between two cells.
    pub fn integer_stride(&self) -> Option<usize> {
        let (cells, tokens) = (self.field_size - 1, self.max_seq_len - 1);
        cells.is_multiple_of(tokens).then(|| cells / tokens)
    }

    /// Where token `i` sits: p_i = i·s cells, in exact integer arithmetic. Tokens past the context
    /// limit go on at the same stride.
    pub fn position(&self, i: usize) -> Position {
        let (cells, tokens) = ((self.field_size - 1) as u64, (self.max_seq_len - 1) as u64);
        let numerator = i as u64 * cells;
        Position {
            cell: (numerator / tokens) as usize,
            fraction: (numerator % tokens) as f64 / tokens as f64,
        }
    }

    /// Checks every dimension and the causality law.
    ///
    /// # Errors
    /// [`Error::Config`] names the first setting that does not do, and says what would.
    pub fn validate(&self) -> Result<()> {
        let fail = |field, message: String| Err(Error::Config { field, message });
        for (field, value, least, most) in [
            ("vocab_size", self.vocab_size, 1, MAX_VOCABULARY),
            ("embedding_dim", self.embedding_dim, 4, MAX_WIDTH),
            ("num_layers", self.num_layers, 1, MAX_LAYERS),
            ("num_heads", self.num_heads, 1, MAX_HEADS),
            ("ffn_dim", self.ffn_dim, 1, MAX_WIDTH),
            ("max_seq_len", self.max_seq_len, 2, MAX_CONTEXT),
        ] {
            if !(least..=most).contains(&value) {
                return fail(
                    field,
                    format!("must be between {least} and {most}, but is {value}"),
                );
            }
        }
        if !self.embedding_dim.is_multiple_of(self.num_heads) {
            return fail(
                "num_heads",
                format!(
                    "must divide embedding_dim ({}), but {} does not; choose one of its divisors",
                    self.embedding_dim, self.num_heads
                ),
            );
        }
        if !self.embedding_dim.is_multiple_of(4) {
            return fail(
                "embedding_dim",
                format!(
                    "must be a multiple of 4 (the interference context is a quarter of it and \
                     positions come in pairs), but is {}",
                    self.embedding_dim
                ),
            );
        }
        match self.architecture {
            Architecture::Wave => self.validate_waves()?,
            Architecture::Standard if self.field_size != 0 => {
                return fail(
                    "field_size",
                    format!(
                        "expected 0 for a standard Transformer, which has no field, found {}",
                        self.field_size
                    ),
                );
            }
            Architecture::Standard => {}
        }
        self.validate_options()?;
        match self.checked_parameter_count() {
            Some(count) if count <= MAX_PARAMETERS => Ok(()),
            _ => fail(
                "embedding_dim",
                format!(
                    "this shape has more than the {MAX_PARAMETERS} parameters that are supported; \
                     make the model narrower or shallower"
                ),
            ),
        }
    }

    /// The options, and which of them go together.
    fn validate_options(&self) -> Result<()> {
        let fail = |field, message: String| Err(Error::Config { field, message });
        if ![0, NEAR_FIELD].contains(&self.near_field) {
            return fail(
                "near_field",
                format!(
                    "expected 0 (none) or {NEAR_FIELD} tokens, found {}",
                    self.near_field
                ),
            );
        }
        for (field, value) in [
            ("window", self.window),
            ("keyed_layers", self.keyed_layers),
            ("key_dim", self.key_dim),
        ] {
            if value != 0 {
                return fail(
                    field,
                    format!(
                        "expected 0, found {value}: this version does not compute such a model; \
                         open it in one that does"
                    ),
                );
            }
        }
        if !self.is_wave() && self.near_field > 0 {
            return fail(
                "near_field",
                "expected 0 for a standard Transformer, for only wave layers have one; set it to 0, \
                 or take the wave architecture"
                    .into(),
            );
        }
        if self.is_wave() && self.positions == Positions::Rotary {
            return fail(
                "positions",
                "expected \"learned\" for a wave model, whose queries and keys are not turned, found \
                 \"rotary\"; leave it out, or take the standard architecture"
                    .into(),
            );
        }
        if self.positions == Positions::Rotary && !self.head_dim().is_multiple_of(2) {
            return fail(
                "positions",
                format!(
                    "rotary positions turn pairs of channels, but a head has {}; choose num_heads so \
                     that embedding_dim / num_heads is even",
                    self.head_dim()
                ),
            );
        }
        Ok(())
    }

    /// The field, the law that it must keep, and the positions.
    fn validate_waves(&self) -> Result<()> {
        let fail = |field, message: String| Err(Error::Config { field, message });
        for (field, value, least, most) in [
            ("field_size", self.field_size, 2, MAX_CELLS),
            (
                "interference_interval",
                self.interference_interval,
                1,
                MAX_WIDTH,
            ),
        ] {
            if !(least..=most).contains(&value) {
                return fail(
                    field,
                    format!("must be between {least} and {most}, but is {value}"),
                );
            }
        }
        if !self.position_scale.is_finite() || self.position_scale < 0.0 {
            return fail(
                "position_scale",
                format!("must be a number from 0 up, but is {}", self.position_scale),
            );
        }
        let (g, m) = (self.field_size, self.max_seq_len);
        // s = 1 or s >= 2: otherwise two neighbouring tokens share a cell, and the reading token
        // hears the one after it.
        if g != m && g < 2 * m - 1 {
            return fail(
                "field_size",
                format!(
                    "{g} cells for {m} tokens is a stride of {:.3} cells, at which a token would \
                     hear the one after it; use {m} cells (stride 1) or at least {} (stride 2)",
                    self.stride(),
                    2 * m - 1
                ),
            );
        }
        Ok(())
    }

    fn checked_parameter_count(&self) -> Option<usize> {
        let (d, f, h) = (self.embedding_dim, self.ffn_dim, self.num_heads);
        let c = self.context_dim();
        let square = d.checked_mul(d)?;
        let norm = match self.norm {
            Norm::Layer => 2 * d,
            Norm::Rms => d,
        };
        let (matrices, biases) = match self.feed_forward {
            FeedForward::Gelu => (2, f + d),
            FeedForward::Swiglu => (3, 0),
        };
        let feed = d
            .checked_mul(f)?
            .checked_mul(matrices)?
            .checked_add(biases)?;
        // Four projections, the feed-forward part and two norms, whatever the architecture.
        let layer = square
            .checked_mul(4)?
            .checked_add(feed)?
            .checked_add(4 * d + 2 * norm)?;
        let (layer, positions) = match (self.architecture, self.positions) {
            (Architecture::Wave, _) => {
                let own = h.checked_mul(h)?.checked_add(3 * h + self.near_field * d)?;
                (layer.checked_add(own)?, 0)
            }
            (Architecture::Standard, Positions::Learned) => {
                (layer, self.max_seq_len.checked_mul(d)?)
            }
            (Architecture::Standard, Positions::Rotary) => (layer, 0),
        };
        let module = square
            .checked_mul(4)?
            .checked_add(d.checked_mul(c)?.checked_mul(2)?)?
            .checked_add(4 * d + c + 1)?;
        self.vocab_size
            .checked_mul(d)?
            .checked_add(positions)?
            .checked_add(norm)?
            .checked_add(layer.checked_mul(self.num_layers)?)?
            .checked_add(module.checked_mul(self.num_interference())?)
    }

    /// Bytes that a model of a valid shape takes while it is open: its parameters, once more as its
    /// file has them, what is kept of a text that fills its context, every head's kernel over the
    /// field, and what is said of each token and its chances.
    pub fn memory(&self) -> u64 {
        let [layers, heads, context] =
            [self.num_layers, self.num_heads, self.max_seq_len].map(|n| n as u64);
        let kept = StateSize::of(self);
        let text = kept.constant as u64 + (kept.per_token as u64 + 4) * context;
        let kernels = 4 * layers * heads * self.field_size as u64;
        let names = BYTES_A_PARAMETER_TENSOR * layers + BYTES_A_TOKEN * self.vocab_size as u64;
        8 * self.parameter_count() as u64 + text + kernels + names
    }

    /// Refuses a model that would take too much memory, before anything of it is allocated.
    ///
    /// # Errors
    /// [`Error::Memory`] with what it takes, and with what takes most.
    pub fn check_memory(&self) -> Result<()> {
        let fields = match self.is_wave() {
            true => format!("{} cells for {} tokens", self.field_size, self.max_seq_len),
            false => format!("{} tokens of context", self.max_seq_len),
        };
        let what = format!(
            "This model ({} parameters, {} layers of {} heads, {fields})",
            self.parameter_count(),
            self.num_layers,
            self.num_heads
        );
        memory::check(
            &what,
            self.memory(),
            "choose a smaller model, or one with a shorter context or a smaller field",
        )
    }

    /// How many numbers the model learns.
    ///
    /// # Panics
    /// When the configuration was not validated and its size overflows.
    pub fn parameter_count(&self) -> usize {
        self.checked_parameter_count()
            .expect("a validated configuration has a countable size")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small model with everything in it: a fractional stride and two interference modules.
    pub(crate) fn config() -> ModelConfig {
        ModelConfig {
            architecture: Architecture::Wave,
            vocab_size: 13,
            embedding_dim: 16,
            num_layers: 6,
            num_heads: 4,
            ffn_dim: 32,
            field_size: 64,
            max_seq_len: 17,
            interference_interval: 3,
            position_scale: 1.0,
            ..ModelConfig::default()
        }
    }

    /// The same with every option that its architecture has.
    pub(crate) fn modern(plain: ModelConfig) -> ModelConfig {
        let waves = plain.is_wave();
        ModelConfig {
            norm: Norm::Rms,
            feed_forward: FeedForward::Swiglu,
            near_field: if waves { NEAR_FIELD } else { 0 },
            positions: match waves {
                true => Positions::Learned,
                false => Positions::Rotary,
            },
            ..plain
        }
    }

    #[test]
    fn causality_law_names_a_field_size_that_would_do() {
        for (field_size, allowed) in [(17, true), (18, false), (32, false), (33, true), (64, true)]
        {
            let result = ModelConfig {
                field_size,
                ..config()
            }
            .validate();
            assert_eq!(result.is_ok(), allowed, "{field_size} cells for 17 tokens");
            if let Err(error) = result {
                let text = error.to_string();
                assert!(text.contains("use 17 cells"), "{text}");
                assert!(text.contains("at least 33"), "{text}");
            }
        }
    }

    #[test]
    fn a_standard_transformer_has_no_field() {
        let standard = ModelConfig {
            architecture: Architecture::Standard,
            field_size: 0,
            ..config()
        };
        standard.validate().unwrap();
        assert_eq!(standard.num_interference(), 0);
        assert!((0..6).all(|layer| standard.interference_after(layer).is_none()));
        let error = ModelConfig {
            field_size: 17,
            ..standard
        }
        .validate();
        assert!(error.unwrap_err().to_string().contains("has no field"));
    }

    #[test]
    fn every_bad_dimension_is_named() {
        type Break = fn(&mut ModelConfig);
        let cases: [(&str, Break); 9] = [
            ("vocab_size", |c| c.vocab_size = 0),
            ("embedding_dim", |c| c.embedding_dim = 18),
            ("num_layers", |c| c.num_layers = 0),
            ("num_heads", |c| c.num_heads = 5),
            ("ffn_dim", |c| c.ffn_dim = 0),
            ("max_seq_len", |c| c.max_seq_len = 1),
            ("interference_interval", |c| c.interference_interval = 0),
            ("position_scale", |c| c.position_scale = f32::NAN),
            ("embedding_dim", |c| c.ffn_dim = 1 << 24),
        ];
        for (field, break_it) in cases {
            let mut broken = config();
            if field == "embedding_dim" {
                broken.num_heads = 2;
            }
            break_it(&mut broken);
            match broken.validate() {
                Err(Error::Config { field: found, .. }) => assert_eq!(found, field),
                other => panic!("{field}: expected a configuration error, found {other:?}"),
            }
        }
    }

    #[test]
    fn options_that_do_not_go_together_are_refused_by_name() {
        type Break = fn(&mut ModelConfig);
        let standard: Break = |c| (c.architecture, c.field_size) = (Architecture::Standard, 0);
        let nothing: Break = |_| {};
        let cases: [(Break, Break, &str, &str); 7] = [
            (nothing, |c| c.near_field = 3, "near_field", "0 (none) or 4"),
            (
                standard,
                |c| c.near_field = 4,
                "near_field",
                "only wave layers",
            ),
            (
                nothing,
                |c| c.positions = Positions::Rotary,
                "positions",
                "\"learned\"",
            ),
            (
                |c| (c.architecture, c.field_size, c.num_heads) = (Architecture::Standard, 0, 16),
                |c| c.positions = Positions::Rotary,
                "positions",
                "a head has 1",
            ),
            (nothing, |c| c.window = 5, "window", "found 5"),
            (nothing, |c| c.keyed_layers = 1, "keyed_layers", "found 1"),
            (nothing, |c| c.key_dim = 8, "key_dim", "found 8"),
        ];
        for (first, then, name, words) in cases {
            let mut config = config();
            first(&mut config);
            config.validate().unwrap();
            then(&mut config);
            match config.validate() {
                Err(Error::Config { field, message }) => {
                    assert_eq!(field, name);
                    assert!(message.contains(words), "{message}");
                }
                other => panic!("{name}: expected a configuration error, found {other:?}"),
            }
        }
    }

    #[test]
    fn options_are_written_where_they_are_on_and_unknown_ones_refused() {
        let plain = serde_json::to_string(&config()).unwrap();
        assert!(
            !plain.contains("norm") && !plain.contains("positions"),
            "{plain}"
        );
        let modern = ModelConfig {
            norm: Norm::Rms,
            feed_forward: FeedForward::Swiglu,
            near_field: NEAR_FIELD,
            ..config()
        };
        let text = serde_json::to_string(&modern).unwrap();
        for part in [
            "\"norm\":\"rms\"",
            "\"feed_forward\":\"swiglu\"",
            "\"near_field\":4",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(serde_json::from_str::<ModelConfig>(&text).unwrap(), modern);
        for (from, to, named) in [
            ("\"rms\"", "\"batch\"", "batch"),
            ("\"swiglu\"", "\"relu\"", "relu"),
            ("\"norm\"", "\"nrom\"", "nrom"),
        ] {
            let error = serde_json::from_str::<ModelConfig>(&text.replace(from, to));
            let said = error.unwrap_err().to_string();
            assert!(said.contains(named), "{said}");
        }
    }

    #[test]
    fn what_a_model_takes_is_told_before_it_is_made() {
        // Few parameters, and gigabytes of field or of context.
        let small = ModelConfig {
            max_seq_len: 1 << 20,
            field_size: 1 << 20,
            num_heads: 16,
            num_layers: 256,
            ..config()
        };
        small.validate().unwrap();
        let kernels = 4 * 256 * 16 * (1u64 << 20);
        assert!((kernels..kernels + (64 << 20)).contains(&small.memory()));
        let refused = small.check_memory().unwrap_err().to_string();
        let (cells, figure) = ("1048576 cells", "16.0 GB");
        assert!(
            refused.contains(cells) && refused.contains(figure),
            "{refused}"
        );
        let standard = ModelConfig {
            architecture: Architecture::Standard,
            field_size: 0,
            ..small
        };
        // Keys and values of every token, in each layer.
        assert!(standard.memory() > (8 * 16 * 256) << 20);
        assert!(standard.check_memory().is_err());
        config().check_memory().unwrap();
        assert!(config().memory() < 1 << 20);
    }

    #[test]
    fn the_largest_shapes_are_counted_without_overflow() {
        for architecture in [Architecture::Wave, Architecture::Standard] {
            for width in [4, 1 << 10, 1 << 12] {
                let largest = ModelConfig {
                    architecture,
                    vocab_size: MAX_VOCABULARY,
                    embedding_dim: width,
                    num_layers: MAX_LAYERS,
                    num_heads: width.min(MAX_HEADS),
                    ffn_dim: MAX_WIDTH,
                    field_size: MAX_CELLS,
                    max_seq_len: MAX_CONTEXT,
                    interference_interval: 1,
                    position_scale: 0.0,
                    ..ModelConfig::default()
                };
                assert!(
                    largest.validate().is_err(),
                    "more parameters than are supported"
                );
            }
        }
    }

    #[test]
    fn positions_are_exact() {
        let c = config();
        assert_eq!(c.stride(), 3.9375);
        assert_eq!(
            c.position(0),
            Position {
                cell: 0,
                fraction: 0.0
            }
        );
        assert_eq!(
            c.position(3),
            Position {
                cell: 11,
                fraction: 0.8125
            }
        );
        assert_eq!(
            c.position(16),
            Position {
                cell: 63,
                fraction: 0.0
            }
        );
    }
}

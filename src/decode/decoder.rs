//! The stream decoder: constant work and constant memory per token.

use super::interference::{InterferenceScratch, RunningContext};
use super::linear::{add, dot, gelu, layer_norm, linear, project, sigmoid};
use super::physics::Physics;
use super::waves::{Cursor, LayerWaves};
use crate::config::{ModelConfig, Position};
use crate::model::Model;
use serde::{Deserialize, Serialize};

/// Tokens that go through a layer together when a prompt is read: each weight is then fetched
/// once for all of them.
const BLOCK: usize = 16;

/// What to do when the context is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtLimit {
    /// Re-read the last half of the context from position 0, and go on from there.
    #[default]
    Reread,
    /// Go on at the same stride past the end of the field, where no model was trained.
    RunOn,
}

/// Reads tokens one by one and says what may follow. See the notes of [`crate::decode`].
#[derive(Debug, Clone)]
pub struct Decoder {
    config: ModelConfig,
    at_limit: AtLimit,
    physics: Physics,
    /// The physics or the weights changed since `physics` and the waves were made.
    stale: bool,
    cursor: Cursor,
    waves: Vec<LayerWaves>,
    running: Vec<RunningContext>,
    /// Tokens read since the waves were last still.
    count: usize,
    /// Those tokens, as long as they fit in the context; empty past the limit.
    context: Vec<u32>,
    /// Radians per token of each pair of position entries.
    rates: Vec<f64>,
    scratch: Scratch,
    logits: Vec<f32>,
}

/// Working memory for one block of tokens.
#[derive(Debug, Clone)]
struct Scratch {
    x: Vec<f32>,
    normed: Vec<f32>,
    key_value: Vec<f32>,
    deposits: Vec<f32>,
    heard: Vec<f32>,
    gate: Vec<f32>,
    hidden: Vec<f32>,
    change: Vec<f32>,
    interference: InterferenceScratch,
}

impl Scratch {
    fn new(config: &ModelConfig) -> Self {
        let rows = |width: usize| vec![0.0; BLOCK * width];
        let dim = config.embedding_dim;
        Scratch {
            x: rows(dim),
            normed: rows(dim),
            key_value: rows(2 * dim),
            deposits: vec![0.0; dim],
            heard: vec![0.0; dim],
            gate: rows(dim),
            hidden: rows(config.ffn_dim),
            change: rows(dim),
            interference: InterferenceScratch::new(BLOCK, dim),
        }
    }
}

impl Decoder {
    /// A decoder that has read nothing; its logits are all zero until it has.
    pub fn new(model: &Model, at_limit: AtLimit) -> Self {
        let config = model.config.clone();
        let dim = config.embedding_dim;
        let rate = |j: usize| libm::exp(-libm::log(10_000.0) * (2 * j) as f64 / dim as f64);
        Decoder {
            at_limit,
            physics: Physics::new(model),
            stale: false,
            cursor: Cursor::default(),
            waves: vec![LayerWaves::still(dim); config.num_layers],
            running: vec![RunningContext::new(config.context_dim()); config.num_interference()],
            count: 0,
            context: Vec::with_capacity(config.max_seq_len),
            rates: (0..dim / 2).map(rate).collect(),
            scratch: Scratch::new(&config),
            logits: vec![0.0; config.vocab_size],
            config,
        }
    }

    /// Reads one token and gives the logits of the next.
    ///
    /// # Panics
    /// When the model has no such token, or is of another shape than the one at the start.
    pub fn step(&mut self, model: &Model, id: u32) -> &[f32] {
        self.read(model, &[id])
    }

    /// Reads tokens, to the same bits as one [`Self::step`] for each, and gives the logits of
    /// the next. Without tokens it only makes up for a change of physics.
    ///
    /// # Panics
    /// As [`Self::step`].
    pub fn read(&mut self, model: &Model, ids: &[u32]) -> &[f32] {
        assert_eq!(
            model.config, self.config,
            "a decoder keeps to the model's shape that it was made for"
        );
        let total = self.count + ids.len();
        let limit = self.config.max_seq_len;
        if total > limit && self.at_limit == AtLimit::Reread {
            // Token by token, the context would grow to the limit and shrink to half of it again
            // and again. Only the text since the last shrinking is still heard in the end.
            let half = limit / 2;
            let kept = half + 1 + (total - limit - 1) % (limit - half);
            let skipped = total - kept;
            let mut text = self.context.clone();
            text.extend_from_slice(ids);
            self.restart(model);
            self.advance(model, &text[skipped..]);
        } else {
            self.catch_up(model);
            self.advance(model, ids);
        }
        &self.logits
    }

    /// The logits of the next token after what was read so far.
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }

    /// Must be called after any change to the model: a bent or muted head, a training step.
    /// The next [`Self::read`] or [`Self::step`] then hears the context anew under the changed
    /// physics; the module's notes say what that means past the limit.
    pub fn physics_changed(&mut self) {
        self.stale = true;
    }

    /// How many tokens stand on the field.
    pub fn tokens(&self) -> usize {
        self.count
    }

    /// Bytes of state: what a decoder keeps of the text apart from the text itself.
    pub fn state_bytes(&self) -> usize {
        let waves: usize = self.waves.iter().map(LayerWaves::bytes).sum();
        let running: usize = self.running.iter().map(RunningContext::bytes).sum();
        waves + running
    }

    /// Rebuilds the physics and stills the field.
    fn restart(&mut self, model: &Model) {
        if self.stale {
            self.physics = Physics::new(model);
            self.stale = false;
        }
        self.cursor = Cursor::default();
        self.waves.iter_mut().for_each(LayerWaves::clear);
        self.running.iter_mut().for_each(RunningContext::clear);
        self.count = 0;
        self.context.clear();
    }

    fn catch_up(&mut self, model: &Model) {
        if !self.stale {
            return;
        }
        if self.count <= self.config.max_seq_len {
            let text = self.context.clone();
            self.restart(model);
            self.advance(model, &text);
        } else {
            self.physics = Physics::new(model);
            self.stale = false;
        }
    }

    fn advance(&mut self, model: &Model, ids: &[u32]) {
        let mut blocks = ids.chunks(BLOCK).peekable();
        while let Some(block) = blocks.next() {
            self.block(model, block);
            if blocks.peek().is_none() {
                self.output(model, block.len() - 1);
            }
        }
        if self.count <= self.config.max_seq_len {
            self.context.extend_from_slice(ids);
        } else {
            self.context.clear();
        }
    }

    /// Takes up to [`BLOCK`] tokens through all layers.
    fn block(&mut self, model: &Model, ids: &[u32]) {
        self.embed(model, ids);
        let mut places = [(
            Position {
                cell: 0,
                fraction: 0.0,
            },
            0,
        ); BLOCK];
        for (t, (position, travel)) in places[..ids.len()].iter_mut().enumerate() {
            *position = self.config.position(self.count + t);
            *travel = self.cursor.travel(*position, &self.physics);
        }
        for layer in 0..self.config.num_layers {
            self.attention(model, layer, &places[..ids.len()]);
            self.feed_forward(model, layer, ids.len());
            if let Some(module) = self.config.interference_after(layer) {
                let x = &mut self.scratch.x[..ids.len() * self.config.embedding_dim];
                let scratch = &mut self.scratch.interference;
                self.running[module].apply(model, module, scratch, x);
            }
        }
        self.count += ids.len();
    }

    fn embed(&mut self, model: &Model, ids: &[u32]) {
        let (dim, scale) = (self.config.embedding_dim, self.config.position_scale);
        let embedding = &model.parameters.flat()[model.parameters.table().token_embedding.clone()];
        for (t, (&id, x)) in ids
            .iter()
            .zip(self.scratch.x.chunks_exact_mut(dim))
            .enumerate()
        {
            let start = id as usize * dim;
            x.copy_from_slice(&embedding[start..start + dim]);
            let place = (self.count + t) as f64;
            for (pair, rate) in x.chunks_exact_mut(2).zip(&self.rates) {
                let (sin, cos) = libm::sincos(place * rate);
                pair[0] += scale * sin as f32;
                pair[1] += scale * cos as f32;
            }
        }
    }

    fn attention(&mut self, model: &Model, layer: usize, places: &[(Position, usize)]) {
        let ranges = &model.parameters.table().layers[layer];
        let at = |range: &std::ops::Range<usize>| &model.parameters.flat()[range.clone()];
        let (tokens, dim) = (places.len(), self.config.embedding_dim);
        let width = self.config.head_dim();
        let s = &mut self.scratch;
        let x = &mut s.x[..tokens * dim];
        let normed = &mut s.normed[..tokens * dim];
        let key_value = &mut s.key_value[..tokens * 2 * dim];
        let gate = &mut s.gate[..tokens * dim];
        let change = &mut s.change[..tokens * dim];

        layer_norm(normed, x, at(&ranges.norm1_weight), at(&ranges.norm1_bias));
        let (weight, bias) = (at(&ranges.key_value_weight), at(&ranges.key_value_bias));
        linear(key_value, normed, weight, bias, dim);
        let (weight, bias) = (at(&ranges.gate_weight), at(&ranges.gate_bias));
        linear(gate, normed, weight, bias, dim);
        sigmoid(gate);
        let physics = &self.physics.layers[layer];
        let rows = key_value
            .chunks_exact(2 * dim)
            .zip(gate.chunks_exact_mut(dim));
        for ((key_value, gate), &(position, travel)) in rows.zip(places) {
            deposit(&mut s.deposits, key_value, width);
            self.waves[layer].pass(physics, travel, position, &s.deposits, &mut s.heard);
            couple_and_gate(gate, &physics.coupling, &s.heard, width);
        }
        let (weight, bias) = (at(&ranges.out_weight), at(&ranges.out_bias));
        linear(change, gate, weight, bias, dim);
        add(x, change);
    }

    fn feed_forward(&mut self, model: &Model, layer: usize, tokens: usize) {
        let ranges = &model.parameters.table().layers[layer];
        let at = |range: &std::ops::Range<usize>| &model.parameters.flat()[range.clone()];
        let (dim, ffn) = (self.config.embedding_dim, self.config.ffn_dim);
        let x = &mut self.scratch.x[..tokens * dim];
        let normed = &mut self.scratch.normed[..tokens * dim];
        let hidden = &mut self.scratch.hidden[..tokens * ffn];
        let change = &mut self.scratch.change[..tokens * dim];

        layer_norm(normed, x, at(&ranges.norm2_weight), at(&ranges.norm2_bias));
        let (weight, bias) = (at(&ranges.ffn_in_weight), at(&ranges.ffn_in_bias));
        linear(hidden, normed, weight, bias, dim);
        gelu(hidden);
        let (weight, bias) = (at(&ranges.ffn_out_weight), at(&ranges.ffn_out_bias));
        linear(change, hidden, weight, bias, ffn);
        add(x, change);
    }

    /// The logits after token `last` of the block.
    fn output(&mut self, model: &Model, last: usize) {
        let table = model.parameters.table();
        let at = |range: &std::ops::Range<usize>| &model.parameters.flat()[range.clone()];
        let dim = self.config.embedding_dim;
        let x = &self.scratch.x[last * dim..(last + 1) * dim];
        let normed = &mut self.scratch.normed[..dim];
        layer_norm(normed, x, at(&table.norm_weight), at(&table.norm_bias));
        project(&mut self.logits, normed, at(&table.token_embedding), dim);
    }
}

/// q = v·||k||₂ for each head; `key_value` holds all heads' k, then all heads' v.
fn deposit(deposits: &mut [f32], key_value: &[f32], width: usize) {
    let (keys, values) = key_value.split_at(deposits.len());
    let heads = keys.chunks_exact(width).zip(values.chunks_exact(width));
    for (deposits, (key, value)) in deposits.chunks_exact_mut(width).zip(heads) {
        let length = dot(key, key).sqrt();
        for (deposit, value) in deposits.iter_mut().zip(value) {
            *deposit = value * length;
        }
    }
}

/// gate ← gate ∘ (coupling · heard), one row of heads.
fn couple_and_gate(gate: &mut [f32], coupling: &[f32], heard: &[f32], width: usize) {
    let heads = heard.len() / width;
    for (gate, weights) in gate
        .chunks_exact_mut(width)
        .zip(coupling.chunks_exact(heads))
    {
        for (c, gate) in gate.iter_mut().enumerate() {
            let mixed: f32 = weights
                .iter()
                .zip(heard.iter().skip(c).step_by(width))
                .map(|(weight, heard)| weight * heard)
                .sum();
            *gate *= mixed;
        }
    }
}

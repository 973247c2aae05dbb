//! The stream decoder: constant work and constant memory per token.

use super::cache::LayerCache;
use super::interference::{InterferenceScratch, RunningContext};
use super::linear::{add, dot, gelu, layer_norm, linear, project, sigmoid, swiglu};
use super::near::NearRows;
use super::physics::Physics;
use super::waves::{Cursor, LayerWaves};
use crate::config::{Architecture, FeedForward, ModelConfig, Position, Positions};
use crate::kernels::embedding::positions;
use crate::kernels::rotary::rotary;
use crate::model::Model;
use crate::model::parameters::{
    AttentionRanges, FeedForwardRanges, NormRanges, StandardRanges, WaveRanges,
};
use serde::{Deserialize, Serialize};

/// Tokens that go through a layer together when a prompt is read: each weight is then fetched
/// once for all of them.
const BLOCK: usize = 16;

/// What to do when the context is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
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
    /// The physics or the weights changed since the memory was made.
    stale: bool,
    memory: Memory,
    /// Tokens read since the memory was last empty.
    count: usize,
    /// Those tokens, as long as they fit in the context; empty past the limit.
    context: Vec<u32>,
    /// Radians per token of each pair of position entries.
    rates: Vec<f64>,
    scratch: Scratch,
    logits: Vec<f32>,
}

/// What a decoder keeps of the text that it has read.
#[derive(Debug, Clone)]
enum Memory {
    Wave(Waves),
    Standard(Vec<LayerCache>),
}

/// The waves on the field, layer by layer, and the running sums of the interference modules.
#[derive(Debug, Clone)]
struct Waves {
    physics: Physics,
    cursor: Cursor,
    layers: Vec<LayerWaves>,
    /// What the near fields still need of the tokens before; empty where there are none.
    near: Vec<NearRows>,
    running: Vec<RunningContext>,
}

impl Waves {
    fn still(model: &Model) -> Self {
        let config = &model.config;
        let running = RunningContext::new(config.context_dim());
        Waves {
            physics: Physics::new(model),
            cursor: Cursor::default(),
            layers: vec![LayerWaves::still(config.embedding_dim); config.num_layers],
            near: match config.near_field {
                0 => Vec::new(),
                _ => vec![NearRows::nothing(config.embedding_dim); config.num_layers],
            },
            running: vec![running; config.num_interference()],
        }
    }

    fn clear(&mut self) {
        self.cursor = Cursor::default();
        self.layers.iter_mut().for_each(LayerWaves::clear);
        self.near.iter_mut().for_each(NearRows::clear);
        self.running.iter_mut().for_each(RunningContext::clear);
    }
}

/// Where a token stands on the field.
#[derive(Debug, Clone, Copy)]
struct Place {
    position: Position,
    /// See [`Cursor::travel`].
    travel: usize,
}

impl Default for Place {
    fn default() -> Self {
        let position = Position {
            cell: 0,
            fraction: 0.0,
        };
        Place {
            position,
            travel: 0,
        }
    }
}

/// Working memory for one block of tokens.
#[derive(Debug, Clone)]
struct Scratch {
    x: Vec<f32>,
    normed: Vec<f32>,
    /// Keys and values of a wave model; queries, keys and values of a standard Transformer.
    projected: Vec<f32>,
    deposits: Vec<f32>,
    heard: Vec<f32>,
    /// What the tokens heard, before the projection out.
    mixed: Vec<f32>,
    hidden: Vec<f32>,
    /// What is gated in a SwiGLU.
    hidden_up: Vec<f32>,
    change: Vec<f32>,
    /// (tokens, d): by how much queries and keys are turned; empty where they are not.
    turns: Vec<f32>,
    interference: InterferenceScratch,
}

impl Scratch {
    fn new(config: &ModelConfig) -> Self {
        let rows = |width: usize| vec![0.0; BLOCK * width];
        let dim = config.embedding_dim;
        Scratch {
            x: rows(dim),
            normed: rows(dim),
            projected: rows(match config.architecture {
                Architecture::Wave => 2 * dim,
                Architecture::Standard => 3 * dim,
            }),
            deposits: vec![0.0; dim],
            heard: vec![0.0; dim],
            mixed: rows(dim),
            hidden: rows(config.ffn_dim),
            hidden_up: match config.feed_forward {
                FeedForward::Gelu => Vec::new(),
                FeedForward::Swiglu => rows(config.ffn_dim),
            },
            change: rows(dim),
            turns: Vec::new(),
            interference: InterferenceScratch::new(BLOCK, dim),
        }
    }
}

impl Decoder {
    /// A decoder that has read nothing; its logits are all zero until it has.
    ///
    /// # Panics
    /// When the model was made to leak: what it hears of later tokens is no recurrence.
    pub fn new(model: &Model, at_limit: AtLimit) -> Self {
        model.assert_sound();
        let config = model.config.clone();
        let dim = config.embedding_dim;
        let rate = |j: usize| libm::exp(-libm::log(10_000.0) * (2 * j) as f64 / dim as f64);
        Decoder {
            // There are no positions to run on to where they are learned, and a cache would grow without
            // end where they are not.
            at_limit: if config.is_wave() {
                at_limit
            } else {
                AtLimit::Reread
            },
            stale: false,
            memory: match config.architecture {
                Architecture::Wave => Memory::Wave(Waves::still(model)),
                Architecture::Standard => {
                    Memory::Standard(vec![LayerCache::empty(dim); config.num_layers])
                }
            },
            count: 0,
            context: Vec::new(),
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

    /// How many tokens are remembered.
    pub fn tokens(&self) -> usize {
        self.count
    }

    /// Bytes of state: what a decoder keeps of the text apart from the text itself.
    pub fn state_bytes(&self) -> usize {
        match &self.memory {
            Memory::Wave(waves) => {
                let layers: usize = waves.layers.iter().map(LayerWaves::bytes).sum();
                let near: usize = waves.near.iter().map(NearRows::bytes).sum();
                let running: usize = waves.running.iter().map(RunningContext::bytes).sum();
                layers + near + running
            }
            Memory::Standard(caches) => caches.iter().map(LayerCache::bytes).sum(),
        }
    }

    /// Forgets the text, under the physics as they are now.
    fn restart(&mut self, model: &Model) {
        self.take_up_physics(model);
        match &mut self.memory {
            Memory::Wave(waves) => waves.clear(),
            Memory::Standard(caches) => caches.iter_mut().for_each(LayerCache::clear),
        }
        self.count = 0;
        self.context.clear();
    }

    fn take_up_physics(&mut self, model: &Model) {
        if let (true, Memory::Wave(waves)) = (self.stale, &mut self.memory) {
            waves.physics = Physics::new(model);
        }
        self.stale = false;
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
            self.take_up_physics(model);
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
        let mut places = [Place::default(); BLOCK];
        if let Memory::Wave(waves) = &mut self.memory {
            for (t, place) in places[..ids.len()].iter_mut().enumerate() {
                place.position = self.config.position(self.count + t);
                place.travel = waves.cursor.travel(place.position, &waves.physics);
            }
        }
        if turned(&self.config) {
            let (first, width) = (self.count, self.config.head_dim());
            let turns = positions(first, ids.len(), width, 1.0);
            self.scratch.turns = turns.into_iter().map(|x| x as f32).collect();
        }
        for layer in 0..self.config.num_layers {
            self.attention(model, layer, &places[..ids.len()]);
            self.feed_forward(model, layer, ids.len());
            let module = self.config.interference_after(layer);
            if let (Memory::Wave(waves), Some(module)) = (&mut self.memory, module) {
                let x = &mut self.scratch.x[..ids.len() * self.config.embedding_dim];
                let scratch = &mut self.scratch.interference;
                waves.running[module].apply(model, module, scratch, x);
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
            if let Some(learned) = &model.parameters.table().positional_embedding {
                let start = learned.start + (self.count + t) * dim;
                add(x, &model.parameters.flat()[start..start + dim]);
                continue;
            }
            if turned(&self.config) {
                continue;
            }
            let place = (self.count + t) as f64;
            for (pair, rate) in x.chunks_exact_mut(2).zip(&self.rates) {
                let (sin, cos) = libm::sincos(place * rate);
                pair[0] += scale * sin as f32;
                pair[1] += scale * cos as f32;
            }
        }
    }

    fn attention(&mut self, model: &Model, layer: usize, places: &[Place]) {
        let ranges = &model.parameters.table().layers[layer];
        let at = |range: &std::ops::Range<usize>| &model.parameters.flat()[range.clone()];
        let (tokens, dim) = (places.len(), self.config.embedding_dim);
        let s = &mut self.scratch;
        let (x, normed) = (&s.x[..tokens * dim], &mut s.normed[..tokens * dim]);
        norm(normed, x, model, &ranges.norm1);
        let width = self.config.head_dim();
        match (&mut self.memory, &ranges.attention) {
            (Memory::Wave(waves), AttentionRanges::Wave(ranges)) => {
                s.hear_waves(model, ranges, (waves, layer), places, width);
            }
            (Memory::Standard(caches), AttentionRanges::Standard(ranges)) => {
                s.hear_all(model, ranges, &mut caches[layer], tokens, width);
            }
            _ => unreachable!("the memory is of the model's architecture"),
        }
        let mixed = &s.mixed[..tokens * dim];
        let change = &mut s.change[..tokens * dim];
        let (weight, bias) = (at(&ranges.out_weight), at(&ranges.out_bias));
        linear(change, mixed, weight, bias, dim);
        add(&mut s.x[..tokens * dim], change);
    }

    fn feed_forward(&mut self, model: &Model, layer: usize, tokens: usize) {
        let ranges = &model.parameters.table().layers[layer];
        let at = |range: &std::ops::Range<usize>| &model.parameters.flat()[range.clone()];
        let (dim, ffn) = (self.config.embedding_dim, self.config.ffn_dim);
        let x = &mut self.scratch.x[..tokens * dim];
        let normed = &mut self.scratch.normed[..tokens * dim];
        let hidden = &mut self.scratch.hidden[..tokens * ffn];
        let change = &mut self.scratch.change[..tokens * dim];

        norm(normed, x, model, &ranges.norm2);
        match &ranges.feed_forward {
            FeedForwardRanges::Gelu {
                in_weight,
                in_bias,
                out_weight,
                out_bias,
            } => {
                linear(hidden, normed, at(in_weight), at(in_bias), dim);
                gelu(hidden);
                linear(change, hidden, at(out_weight), at(out_bias), ffn);
            }
            FeedForwardRanges::Swiglu { gate, up, down } => {
                let gated = &mut self.scratch.hidden_up[..tokens * ffn];
                project(hidden, normed, at(gate), dim);
                project(gated, normed, at(up), dim);
                swiglu(hidden, gated);
                project(change, hidden, at(down), ffn);
            }
        }
        add(x, change);
    }

    /// The logits after token `last` of the block.
    fn output(&mut self, model: &Model, last: usize) {
        let table = model.parameters.table();
        let at = |range: &std::ops::Range<usize>| &model.parameters.flat()[range.clone()];
        let dim = self.config.embedding_dim;
        let x = &self.scratch.x[last * dim..(last + 1) * dim];
        let normed = &mut self.scratch.normed[..dim];
        norm(normed, x, model, &table.norm);
        project(&mut self.logits, normed, at(&table.token_embedding), dim);
    }
}

impl Scratch {
    /// From `normed` to `mixed`: what the tokens of a block hear on the field.
    fn hear_waves(
        &mut self,
        model: &Model,
        ranges: &WaveRanges,
        (waves, layer): (&mut Waves, usize),
        places: &[Place],
        width: usize,
    ) {
        let at = |range: &std::ops::Range<usize>| &model.parameters.flat()[range.clone()];
        let (tokens, dim) = (places.len(), model.config.embedding_dim);
        let normed = &mut self.normed[..tokens * dim];
        let key_value = &mut self.projected[..tokens * 2 * dim];
        let gate = &mut self.mixed[..tokens * dim];
        let (weight, bias) = (at(&ranges.gate_weight), at(&ranges.gate_bias));
        linear(gate, normed, weight, bias, dim);
        sigmoid(gate);
        if let Some(near) = &ranges.near_field {
            waves.near[layer].pass(at(near), normed);
        }
        let (weight, bias) = (at(&ranges.key_value_weight), at(&ranges.key_value_bias));
        linear(key_value, normed, weight, bias, dim);
        let physics = &waves.physics.layers[layer];
        let rows = key_value
            .chunks_exact(2 * dim)
            .zip(gate.chunks_exact_mut(dim));
        for ((key_value, gate), place) in rows.zip(places) {
            deposit(&mut self.deposits, key_value, width);
            let (deposits, heard) = (&self.deposits, &mut self.heard);
            waves.layers[layer].pass(physics, place.travel, place.position, deposits, heard);
            couple_and_gate(gate, &physics.coupling, heard, width);
        }
    }

    /// From `normed` to `mixed`: what the tokens of a block take from all before them.
    fn hear_all(
        &mut self,
        model: &Model,
        ranges: &StandardRanges,
        cache: &mut LayerCache,
        tokens: usize,
        width: usize,
    ) {
        let at = |range: &std::ops::Range<usize>| &model.parameters.flat()[range.clone()];
        let dim = model.config.embedding_dim;
        let normed = &self.normed[..tokens * dim];
        let qkv = &mut self.projected[..tokens * 3 * dim];
        linear(qkv, normed, at(&ranges.in_weight), at(&ranges.in_bias), dim);
        if !self.turns.is_empty() {
            rotary(qkv, &self.turns, tokens, dim / width, false);
        }
        let rows = qkv.chunks_exact(3 * dim);
        for (qkv, mixed) in rows.zip(self.mixed.chunks_exact_mut(dim)) {
            let (query, key_value) = qkv.split_at(dim);
            cache.push(key_value);
            cache.attend(query, mixed, width);
        }
    }
}

/// Whether queries and keys are turned by their places.
fn turned(config: &ModelConfig) -> bool {
    config.positions == Positions::Rotary
}

/// `out` ← the norm of each row of `x`.
fn norm(out: &mut [f32], x: &[f32], model: &Model, ranges: &NormRanges) {
    let at = |range: &std::ops::Range<usize>| &model.parameters.flat()[range.clone()];
    layer_norm(out, x, at(&ranges.weight), ranges.bias.as_ref().map(at));
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

//! The model's computation, written once: forward, loss, hand-derived backward and update, recorded
//! as operations over tensors that any backend can hold.

mod backward;
pub(crate) mod buffers;
mod forward;
mod standard;

use crate::backend::{Backend, Matrix, Op, OptimizerSettings, Pace, TensorId, View};
use crate::config::{ModelConfig, Positions};
use crate::error::Result;
use crate::kernels::cross_entropy::SUMMARY;
use crate::kernels::embedding::positions as positions_table;
use crate::kernels::field_convolution::Geometry;
use crate::kernels::matrix_product::Shape;
use crate::kernels::wave_kernel::Taps;
use crate::kernels::wave_rotation::{ROTATION, ROTATION_GRADIENT, Travel};
use crate::memory;
use crate::model::parameters::ALIGNMENT;
use crate::model::{Leak, Model, ParameterTable};
pub use buffers::Activations;
use buffers::{Buffers, Scratch, Size};
use std::ops::Range;
use std::sync::Arc;

/// Numbers of a step's report: the summary of its loss, the gradients' norm, and the verdict.
pub const REPORT: usize = SUMMARY + 2;

/// A model laid out on a backend for batches of one shape.
pub struct Network {
    config: ModelConfig,
    table: ParameterTable,
    batch: usize,
    seq_len: usize,
    parameters: TensorId,
    /// None in a standard Transformer.
    field: Option<Field>,
    /// (N, D): what is added to the tokens where places are not learned: the scaled sinusoids of a wave
    /// model, and nothing, zeros, where queries and keys are turned.
    positions: Option<View>,
    /// (N, d): by how much they are turned, see [`crate::kernels::rotary`].
    turns: Option<View>,
    buffers: Buffers,
    activations: Activations,
    training: Option<Training>,
}

/// Parameter tensors of a layer or an interference module, at most.
const TENSORS: u64 = 24;

/// Operations that a layer or an interference module is at most recorded as, in all programs together: forward, and with
/// the way back.
const RECORDED: [u64; 2] = [40, 150];

/// What a network is laid out for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The forward.
    Reading,
    /// Gradients as well.
    Gradients,
    /// Gradients and moments.
    Training(Activations),
}

/// What a wave model has beside its parameters.
struct Field {
    geometry: Arc<Geometry>,
    /// How its waves are computed.
    method: Method,
    /// (L, H).
    gains: View,
}

/// How waves are computed, which a backend chooses: on the processor the recurrence is the faster at every
/// length. Transforms are what a field needs on which tokens hear later ones.
#[derive(Clone, Copy)]
enum Method {
    Recurrence(Travel),
    Transforms(Taps),
}

impl Method {
    fn of(geometry: &Geometry, backend: &impl Backend) -> Self {
        match backend.recurs(geometry) {
            true => Method::Recurrence(geometry.travel()),
            false => Method::Transforms(geometry.taps),
        }
    }

    /// Numbers that a head's wave takes, and its gradient.
    fn numbers(self) -> [usize; 2] {
        match self {
            Method::Recurrence(_) => [ROTATION, ROTATION_GRADIENT],
            Method::Transforms(taps) => [taps.count; 2],
        }
    }
}

/// What training needs beside the forward.
struct Training {
    gradients: TensorId,
    first_moment: View,
    second_moment: View,
    scratch: Scratch,
}

impl Network {
    /// Lays a model out on a backend for `batch` sequences of `seq_len` tokens, forward only.
    ///
    /// # Panics
    /// When the sequences are longer than the model's context.
    pub fn for_inference(
        backend: &mut impl Backend,
        model: &Model,
        batch: usize,
        seq_len: usize,
    ) -> Self {
        Self::forward_only(backend, model, (batch, seq_len), Activations::Kept)
    }

    fn forward_only(
        backend: &mut impl Backend,
        model: &Model,
        (batch, seq_len): (usize, usize),
        activations: Activations,
    ) -> Self {
        let (config, table) = (model.config.clone(), model.parameters.table().clone());
        assert!(
            seq_len <= config.max_seq_len,
            "{seq_len} tokens do not fit in a context of {}",
            config.max_seq_len
        );
        let geometry = config.is_wave().then(|| match model.leak() {
            Leak::CircularField => Geometry::closed(&config, batch, seq_len),
            Leak::None | Leak::SharedCells => Geometry::new(&config, batch, seq_len),
        });
        let method = geometry.as_ref().map(|g| Method::of(g, backend));
        let mut allocate = |len: usize| View::of(backend.allocate(len), 0..len);
        let parameters = allocate(table.flat_len).tensor;
        let field = geometry.zip(method).map(|(geometry, method)| Field {
            geometry: Arc::new(geometry),
            method,
            gains: allocate(model.gains.len()),
        });
        let learned = table.positional_embedding.is_some();
        let positions = (!learned).then(|| allocate(seq_len * config.embedding_dim));
        let turned = config.positions == Positions::Rotary;
        let turns = turned.then(|| allocate(seq_len * config.head_dim()));
        let size = Size {
            tokens: batch * seq_len,
            wave: method.map_or([0; 2], Method::numbers),
        };
        let buffers = Buffers::new(&config, size, activations, &mut allocate);
        let network = Network {
            config,
            table,
            batch,
            seq_len,
            parameters,
            field,
            positions,
            turns,
            buffers,
            activations,
            training: None,
        };
        let config = &network.config;
        let mut fill = |view: &View, dim, scale| {
            let table = positions_table(0, seq_len, dim, scale);
            let table: Vec<f32> = table.into_iter().map(|x| x as f32).collect();
            backend.write(view, &table);
        };
        if let (Some(positions), Some(_)) = (&network.positions, &network.field) {
            let scale = f64::from(config.position_scale);
            fill(positions, config.embedding_dim, scale);
        }
        if let Some(turns) = &network.turns {
            fill(turns, config.head_dim(), 1.0);
        }
        network.upload(backend, model);
        network
    }

    /// The same with gradients and moments (zero) for training.
    ///
    /// # Panics
    /// When the sequences are longer than the model's context.
    pub fn for_training(
        backend: &mut impl Backend,
        model: &Model,
        batch: usize,
        seq_len: usize,
        activations: Activations,
    ) -> Self {
        let moments = model.parameters.flat().len();
        Self::with_gradients(backend, model, (batch, seq_len), activations, moments)
    }

    /// The same without moments, for those who look at gradients and update nothing.
    ///
    /// # Panics
    /// When the sequences are longer than the model's context.
    pub(crate) fn for_gradients(
        backend: &mut impl Backend,
        model: &Model,
        batch: usize,
        seq_len: usize,
    ) -> Self {
        Self::with_gradients(backend, model, (batch, seq_len), Activations::Kept, 0)
    }

    fn with_gradients(
        backend: &mut impl Backend,
        model: &Model,
        shape: (usize, usize),
        activations: Activations,
        moments: usize,
    ) -> Self {
        let mut network = Self::forward_only(backend, model, shape, activations);
        let gradients = backend.allocate_gradients(network.table.flat_len);
        let mut allocate = |len: usize| View::of(backend.allocate(len), 0..len);
        network.training = Some(Training {
            gradients,
            first_moment: allocate(moments),
            second_moment: allocate(moments),
            scratch: Scratch::new(&network.config, network.size(), &mut allocate),
        });
        network
    }

    /// Bytes that a network takes: parameters and what goes with each, what every token leaves, the
    /// heads' kernels and the lines of their convolution, which a recurrence takes less than, and what all is recorded
    /// in. Worked out from the shape alone, for one that
    /// was validated.
    pub fn memory(config: &ModelConfig, purpose: Purpose, batch: usize, seq_len: usize) -> u64 {
        let mut per_token = 0u64;
        let mut count = |len: usize| {
            per_token = per_token.saturating_add(len as u64);
            View::of(TensorId(0), 0..len)
        };
        let one = Size {
            tokens: 1,
            wave: [0; 2],
        };
        let activations = match purpose {
            Purpose::Training(activations) => activations,
            Purpose::Reading | Purpose::Gradients => Activations::Kept,
        };
        Buffers::new(config, one, activations, &mut count);
        let gradients = u64::from(purpose != Purpose::Reading);
        if gradients == 1 {
            Scratch::new(config, one, &mut count);
        }
        let (batch, tokens) = (batch as u64, seq_len as u64);
        let [layers, heads, dim] =
            [config.num_layers, config.num_heads, config.embedding_dim].map(|n| n as u64);
        let moments = 2 * u64::from(matches!(purpose, Purpose::Training(_)));
        // Tensors begin at round places.
        let tensors = TENSORS * (layers + config.num_interference() as u64 + 1);
        let numbers = config.parameter_count() as u64 + ALIGNMENT as u64 * tensors;
        let parameters = (1 + gradients + moments) * numbers;
        let (taps, line) = match config.is_wave() {
            true => {
                let taps = Geometry::taps(config, seq_len).count as u64;
                (taps, (2 * taps).next_power_of_two())
            }
            false => (0, 0),
        };
        let kernels = (1 + gradients) * layers * heads * taps;
        // Complex: each head's spectrum, a head's channels, and for the way back its correlations.
        let lines = 2 * line * (heads + dim / 2 + 4 + gradients * batch.saturating_mul(heads));
        let positions = 3 * tokens * dim + 4 * tokens;
        let results = (per_token + 2).saturating_mul(batch.saturating_mul(tokens));
        let numbers = [parameters, kernels, lines, positions, results];
        let sum = (numbers.iter()).fold(0u64, |sum, numbers| sum.saturating_add(*numbers));
        sum.saturating_mul(4)
            .saturating_add(Self::recorded(config, purpose))
    }

    /// Bytes that its operations take: little, but for a tower of layers that are next to nothing each.
    pub(crate) fn recorded(config: &ModelConfig, purpose: Purpose) -> u64 {
        let parts = (config.num_layers + config.num_interference() + 1) as u64;
        parts * RECORDED[usize::from(purpose != Purpose::Reading)] * size_of::<Op>() as u64
    }

    /// Refuses a batch that would take too much memory, before anything is allocated.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::Error::Memory) with what it takes.
    pub fn check_memory(
        config: &ModelConfig,
        purpose: Purpose,
        batch: usize,
        seq_len: usize,
    ) -> Result<()> {
        let what = match batch {
            1 => format!("A text of {seq_len} tokens in this model"),
            _ => format!("A batch of {batch} texts of {seq_len} tokens in this model"),
        };
        memory::check(
            &what,
            Self::memory(config, purpose, batch, seq_len),
            "choose a shorter text, fewer at once, or a smaller model",
        )
    }

    /// Every layer's frequency, damping and phase, one after another; none in a standard Transformer.
    pub fn waves(&self) -> Vec<View> {
        let heads = self.wave_heads();
        heads
            .into_iter()
            .flat_map(|heads| [heads.frequency, heads.damping, heads.phase])
            .collect()
    }

    /// Writes the model's parameters and gains to the backend.
    pub fn upload(&self, backend: &mut impl Backend, model: &Model) {
        backend.write(&self.flat_parameters(), model.parameters.flat());
        self.upload_gains(backend, &model.gains);
    }

    /// Writes the gains alone, (L, H); nothing in a standard Transformer.
    pub(crate) fn upload_gains(&self, backend: &mut impl Backend, gains: &[f32]) {
        if let Some(field) = &self.field {
            backend.write(&field.gains, gains);
        }
    }

    /// All parameters, in the order of [`crate::model::Parameters::flat`].
    pub fn flat_parameters(&self) -> View {
        View::of(self.parameters, 0..self.table.flat_len)
    }

    /// All gradients, in the order of the parameters.
    ///
    /// # Panics
    /// When the network was not laid out for training; so do the others that training needs.
    pub fn flat_gradients(&self) -> View {
        View::of(self.training().gradients, 0..self.table.flat_len)
    }

    /// The optimiser's first and second moments, in the order of the parameters.
    pub fn moments(&self) -> [View; 2] {
        let training = self.training();
        [
            training.first_moment.clone(),
            training.second_moment.clone(),
        ]
    }

    /// What of the forward the backward finds there.
    pub fn activations(&self) -> Activations {
        self.activations
    }

    /// [`REPORT`] numbers: the summary of the loss, the global norm of the gradients before clipping,
    /// and the verdict on the step ([`Op::Judge`]).
    pub fn report(&self) -> &View {
        &self.buffers.report
    }

    /// (batch, seq_len, V).
    pub fn logits(&self) -> &View {
        &self.buffers.logits
    }

    /// Mean loss, hits, targets that count.
    pub fn summary(&self) -> View {
        View::of(self.buffers.report.tensor, 0..SUMMARY)
    }

    fn gradient_norm(&self) -> View {
        View::of(self.buffers.report.tensor, SUMMARY..SUMMARY + 1)
    }

    /// The verdict on the step, which holds for all later ones until it is set back to 0.
    pub fn verdict(&self) -> View {
        View::of(self.buffers.report.tensor, SUMMARY + 1..REPORT)
    }

    /// Clips the gradients and moves the parameters, all at the same learning rate.
    pub fn update(&self, settings: OptimizerSettings) -> Vec<Op> {
        self.update_but(settings, 1.0, &[])
    }

    /// The same, with the learning rate of the waves' physics multiplied by a factor, and but for frozen
    /// parameters, given by their places in the flat vector in ascending order: their gradients count as
    /// zero, so that the clipping does not hear of them, and neither the optimiser nor its weight decay
    /// moves them or their moments.
    pub fn update_but(
        &self,
        settings: OptimizerSettings,
        physics: f64,
        frozen: &[Range<usize>],
    ) -> Vec<Op> {
        let [first_moment, second_moment] = self.moments();
        let part = |whole: &View, range: &Range<usize>| View::of(whole.tensor, range.clone());
        let (gradients, parameters) = (self.flat_gradients(), self.flat_parameters());
        let mut ops: Vec<Op> = (frozen.iter())
            .map(|range| Op::Zero {
                y: part(&gradients, range),
            })
            .collect();
        ops.push(Op::GradientNorm {
            gradients: gradients.clone(),
            norm: self.gradient_norm(),
        });
        let paces = self.paces(physics);
        ops.extend(paces.iter().map(|(range, pace)| Op::Judge {
            settings,
            pace: *pace,
            gradients: part(&gradients, range),
            loss: View::of(self.buffers.report.tensor, 0..1),
            norm: self.gradient_norm(),
            parameters: part(&parameters, range),
            first_moment: part(&first_moment, range),
            second_moment: part(&second_moment, range),
            verdict: self.verdict(),
        }));
        // What lies before, between and after the frozen ones.
        let starts = std::iter::once(0).chain(frozen.iter().map(|range| range.end));
        let ends = frozen.iter().map(|range| range.start);
        for (start, end) in starts.zip(ends.chain([self.table.flat_len])) {
            for (range, pace) in &paces {
                let range = start.max(range.start)..end.min(range.end);
                if range.is_empty() {
                    continue;
                }
                ops.push(Op::AdamW {
                    settings,
                    pace: *pace,
                    gradients: part(&gradients, &range),
                    norm: self.gradient_norm(),
                    verdict: self.verdict(),
                    parameters: part(&parameters, &range),
                    first_moment: part(&first_moment, &range),
                    second_moment: part(&second_moment, &range),
                });
            }
        }
        ops
    }

    /// The flat vector in runs of parameters that move alike.
    fn paces(&self, physics: f64) -> Vec<(Range<usize>, Pace)> {
        let mut paces: Vec<(Range<usize>, Pace)> = Vec::new();
        for spec in &self.table.specs {
            let pace = Pace {
                rate: if spec.physics { physics } else { 1.0 },
                decayed: spec.decayed,
            };
            if paces.last().is_none_or(|(_, last)| *last != pace) {
                paces.push((spec.offset..spec.offset, pace));
            }
            // With what fills it up to where the next one begins.
            let (run, _) = paces.last_mut().expect("there is one now");
            run.end = spec.range().end.next_multiple_of(ALIGNMENT);
        }
        paces
    }

    /// (T, D): the gradient of the embedding stream, at the end of a backward.
    pub(crate) fn embedding_gradient(&self) -> &View {
        &self.training().scratch.dstream
    }

    /// The kernel values that its tokens hear.
    ///
    /// # Panics
    /// In a standard Transformer.
    pub(crate) fn taps(&self) -> Taps {
        self.field().geometry.taps
    }

    /// What the forward computes, for those who look at it afterwards.
    pub(crate) fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    /// # Panics
    /// In a standard Transformer.
    fn field(&self) -> &Field {
        self.field.as_ref().expect("a wave model")
    }

    fn size(&self) -> Size {
        Size {
            tokens: self.rows(),
            wave: (self.field.as_ref()).map_or([0; 2], |field| field.method.numbers()),
        }
    }

    fn training(&self) -> &Training {
        self.training.as_ref().expect("laid out for training")
    }

    /// A parameter's values.
    fn parameter(&self, range: &Range<usize>) -> View {
        View::of(self.parameters, range.clone())
    }

    /// A parameter's gradient.
    fn gradient(&self, range: &Range<usize>) -> View {
        View::of(self.training().gradients, range.clone())
    }

    /// Tokens in a batch.
    fn rows(&self) -> usize {
        self.batch * self.seq_len
    }

    /// A buffer of (rows, columns).
    fn tokens(&self, view: &View) -> Matrix {
        let rows = self.rows();
        Matrix {
            view: view.clone(),
            shape: Shape::dense(rows, view.len() / rows),
        }
    }
}

/// A dense weight (out, input).
fn dense(view: View, columns: usize) -> Matrix {
    let rows = view.len() / columns;
    Matrix {
        view,
        shape: Shape::dense(rows, columns),
    }
}

/// The transpose of a matrix, in place.
fn transposed(matrix: &Matrix) -> Matrix {
    Matrix {
        view: matrix.view.clone(),
        shape: matrix.shape.transpose(),
    }
}

//! One layer's field while a text is read: what is deposited on its cells, how the waves spread, what
//! the coupling makes of them and what the tokens gather.
//!
//! At time t the tokens 0..=t have been read. The field then holds, on every cell c,
//!
//! field_t(c) = Σ_{j <= t} Σ_{b} w_j(b)·q_j·κ(c - b),
//!
//! b being the two cells that token j sits on and w_j its bilinear weights. Cells beyond the token's
//! own are those that its wave is still to reach. A head's field has d channels; it is seen along one
//! of them, or as its strength, the Euclidean norm over all.

use super::trace::Trace;
use crate::kernels::Real;
use crate::kernels::wave_kernel::{Heads, Taps, wave_kernel};
use crate::model::Model;

/// How a field of d channels is seen as one number a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// The norm over the channels; never below 0.
    Strength,
    /// One channel of the head's d.
    Channel(usize),
}

/// A layer's waves on a field of G cells while N tokens are read.
pub struct Field<'a, T> {
    trace: &'a Trace<T>,
    layer: usize,
    /// (H, G): every head's kernel at all cells, divided by its sum and multiplied by its gain.
    kernels: Vec<T>,
    /// The two cells of each token, and the weight of the second one.
    places: Vec<(usize, T)>,
}

/// (H, taps): the kernels of a layer's heads.
pub(super) fn kernels<T: Real>(model: &Model, layer: usize, taps: Taps) -> Vec<T> {
    let heads = model.config.num_heads;
    let ranges = model.parameters.table().layers[layer].wave();
    let read = |values: &[f32]| -> Vec<T> { values.iter().map(|x| T::of(x.wide())).collect() };
    let [frequency, damping, phase] = [&ranges.frequency, &ranges.damping, &ranges.phase]
        .map(|range| read(&model.parameters.flat()[range.clone()]));
    let gain = read(&model.gains[layer * heads..][..heads]);
    let waves = Heads {
        frequency: &frequency,
        damping: &damping,
        phase: &phase,
        gain: &gain,
    };
    let mut kernels = vec![T::zero(); heads * taps.count];
    wave_kernel(waves, taps, &mut kernels);
    kernels
}

impl<'a, T: Real> Field<'a, T> {
    /// The field of a layer of the model that the trace was taken of.
    ///
    /// # Panics
    /// In a standard Transformer, which has no field.
    pub fn new(model: &Model, trace: &'a Trace<T>, layer: usize) -> Self {
        let config = &trace.config;
        assert!(config.is_wave(), "a standard Transformer has no field");
        let cells = config.field_size;
        let taps = Taps {
            field_size: cells,
            step: 1,
            count: cells,
        };
        let places = (0..trace.len())
            .map(|i| config.position(i))
            .map(|p| (p.cell, T::of(p.fraction)))
            .collect();
        Field {
            trace,
            layer,
            kernels: kernels(model, layer, taps),
            places,
        }
    }

    /// G.
    pub fn cells(&self) -> usize {
        self.trace.config.field_size
    }

    /// (G): a head's kernel at all cells.
    pub fn kernel(&self, head: usize) -> &[T] {
        &self.kernels[head * self.cells()..][..self.cells()]
    }

    /// (N): what the tokens deposit in one channel of a head.
    pub fn deposits(&self, head: usize, channel: usize) -> Vec<T> {
        self.column(|wave| &wave.deposits, head, channel)
    }

    /// (N): what they gather there.
    pub fn gathered(&self, head: usize, channel: usize) -> Vec<T> {
        self.column(|wave| &wave.gathered, head, channel)
    }

    /// (N): what they pick up there after coupling, Σ_h softmax(C[head, :])_h · gathered_h, which the
    /// gate then lets through. Coupling and gathering are linear, so it is what they read from the
    /// coupled field.
    pub fn picked_up(&self, head: usize, channel: usize) -> Vec<T> {
        let mut sum = vec![T::zero(); self.trace.len()];
        for (other, weight) in self.lent(head).iter().enumerate() {
            let gathered = self.gathered(other, channel);
            for (sum, x) in sum.iter_mut().zip(gathered) {
                *sum += *weight * x;
            }
        }
        sum
    }

    /// (H): how much of each head's field goes into a head's own.
    fn lent(&self, head: usize) -> &[T] {
        let heads = self.trace.config.num_heads;
        let wave = self.trace.layers[self.layer].wave().expect("a wave model");
        &wave.coupling[head * heads..][..heads]
    }

    fn column(
        &self,
        part: impl Fn(&super::trace::WaveTrace<T>) -> &Vec<T>,
        head: usize,
        channel: usize,
    ) -> Vec<T> {
        let config = &self.trace.config;
        let wave = self.trace.layers[self.layer].wave();
        let values = part(wave.expect("a wave model"));
        let first = head * config.head_dim() + channel;
        let rows = values.iter().skip(first).step_by(config.embedding_dim);
        rows.copied().collect()
    }

    /// (d): how much energy a head's deposits have in each channel, the sum of their squares.
    pub fn energies(&self, head: usize) -> Vec<f64> {
        let energy = |channel| {
            let deposits = self.deposits(head, channel);
            deposits.iter().map(|q| q.wide() * q.wide()).sum()
        };
        (0..self.trace.config.head_dim()).map(energy).collect()
    }

    /// The tokens' values seen along one channel, or as strength.
    pub fn seen(&self, along: Along, column: impl Fn(usize) -> Vec<T>) -> Vec<T> {
        match along {
            Along::Channel(channel) => column(channel),
            Along::Strength => {
                let mut squares = vec![T::zero(); self.trace.len()];
                for channel in 0..self.trace.config.head_dim() {
                    add_squares(&mut squares, &column(channel));
                }
                squares.into_iter().map(|x| x.sqrt()).collect()
            }
        }
    }

    /// Scatters one number a token: (G), what lies on the cells before any wave.
    pub fn scatter(&self, deposits: &[T]) -> Vec<T> {
        let mut cells = vec![T::zero(); self.cells()];
        for (q, (cell, fraction)) in deposits.iter().zip(&self.places) {
            cells[*cell] += *q * (T::one() - *fraction);
            if *fraction != T::zero() {
                cells[*cell + 1] += *q * *fraction;
            }
        }
        cells
    }

    /// (N, G): one head's field at every time.
    pub fn frames(&self, head: usize, along: Along) -> Vec<T> {
        self.frames_of(along, |channel, frames| {
            self.spread(&self.deposits(head, channel), head, T::one(), frames);
        })
    }

    /// (N, G): the same after coupling: Σ_h softmax(C[head, :])_h · field_h.
    pub fn coupled_frames(&self, head: usize, along: Along) -> Vec<T> {
        self.frames_of(along, |channel, frames| {
            for (other, weight) in self.lent(head).iter().enumerate() {
                self.spread(&self.deposits(other, channel), other, *weight, frames);
            }
        })
    }

    /// Every time, from what `add` puts where and when: (channel, changes of the field from one time
    /// to the next).
    fn frames_of(&self, along: Along, add: impl Fn(usize, &mut [T])) -> Vec<T> {
        let (times, cells) = (self.trace.len(), self.cells());
        let channel_frames = |channel| {
            let mut frames = vec![T::zero(); times * cells];
            add(channel, &mut frames);
            for t in 1..times {
                let (before, now) = frames.split_at_mut(t * cells);
                let before = &before[(t - 1) * cells..];
                for (now, before) in now[..cells].iter_mut().zip(before) {
                    *now += *before;
                }
            }
            frames
        };
        match along {
            Along::Channel(channel) => channel_frames(channel),
            Along::Strength => {
                let mut squares = vec![T::zero(); times * cells];
                for channel in 0..self.trace.config.head_dim() {
                    add_squares(&mut squares, &channel_frames(channel));
                }
                squares.iter_mut().for_each(|x| *x = x.sqrt());
                squares
            }
        }
    }

    /// Adds each token's own wave to the frame of its time.
    fn spread(&self, deposits: &[T], head: usize, weight: T, frames: &mut [T]) {
        let kernel = self.kernel(head);
        let tokens = deposits.iter().zip(&self.places);
        for ((q, (cell, fraction)), frame) in tokens.zip(frames.chunks_exact_mut(self.cells())) {
            let mut add = |cell: usize, amount: T| {
                for (x, kernel) in frame[cell..].iter_mut().zip(kernel) {
                    *x += amount * *kernel;
                }
            };
            add(*cell, *q * weight * (T::one() - *fraction));
            if *fraction != T::zero() {
                add(*cell + 1, *q * weight * *fraction);
            }
        }
    }

    /// Reads a field (G) at the tokens' places: (N).
    pub fn gather(&self, field: &[T]) -> Vec<T> {
        let read = |(cell, fraction): &(usize, T)| {
            let lower = field[*cell] * (T::one() - *fraction);
            match *fraction == T::zero() {
                true => lower,
                false => lower + field[*cell + 1] * *fraction,
            }
        };
        self.places.iter().map(read).collect()
    }
}

fn add_squares<T: Real>(squares: &mut [T], values: &[T]) {
    for (square, x) in squares.iter_mut().zip(values) {
        *square += *x * *x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;
    use crate::config::tests::config;
    use crate::model::Head;

    /// Strides of 1, 4 and 3.94 cells, with a muted head, a bent one and a coupling that mixes.
    fn models() -> impl Iterator<Item = Model> {
        [17, 65, 64].into_iter().map(|field_size| {
            let config = ModelConfig {
                field_size,
                ..config()
            };
            let mut model = Model::new(config, 5).unwrap();
            let bent = |damping, gain| Head {
                frequency: 0.7,
                damping,
                phase: 0.4,
                gain,
            };
            model.set_head(1, 0, bent(0.2, 1.0)).unwrap();
            model.set_head(1, 2, bent(0.5, 0.0)).unwrap();
            let name = "layers.1.attention.field_coupling";
            for (i, c) in model
                .parameters
                .get_mut(name)
                .unwrap()
                .iter_mut()
                .enumerate()
            {
                *c = (i as f32 * 0.7).sin();
            }
            model
        })
    }

    const TEXT: [u32; 11] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];

    #[test]
    fn what_the_tokens_read_from_the_field_is_what_the_model_gathers() {
        for model in models() {
            let trace = Trace::<f64>::new(&model, &TEXT);
            let field = Field::new(&model, &trace, 1);
            let (heads, width) = (trace.config.num_heads, trace.config.head_dim());
            let wave = trace.layers[1].wave().unwrap();
            for (head, channel) in [(0, 0), (1, 3), (2, 1), (3, 2)] {
                let frames = field.frames(head, Along::Channel(channel));
                let last = &frames[(TEXT.len() - 1) * field.cells()..];
                let gathered = field.gathered(head, channel);
                for (found, expected) in field.gather(last).iter().zip(&gathered) {
                    assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
                }
                // Coupled and gated it is what the layer passes on.
                let coupled = field.coupled_frames(head, Along::Channel(channel));
                let read = field.gather(&coupled[(TEXT.len() - 1) * field.cells()..]);
                for (found, expected) in read.iter().zip(field.picked_up(head, channel)) {
                    assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
                }
                for (t, found) in read.iter().enumerate() {
                    let at = t * heads * width + head * width + channel;
                    assert!((found * wave.gate[at] - trace.layers[1].mixed[at]).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn the_first_layers_compute_what_they_compute_in_the_whole_model() {
        for model in models() {
            let whole = Trace::<f64>::new(&model, &TEXT);
            for count in 1..=model.config.num_layers {
                let first = Trace::<f64>::new(&model.first_layers(count), &TEXT);
                let (found, expected) = (&first.layers[count - 1], &whole.layers[count - 1]);
                assert_eq!(found.after, expected.after);
                let (found, expected) = (found.wave().unwrap(), expected.wave().unwrap());
                assert_eq!(found.gathered, expected.gathered);
                assert_eq!(found.coupling, expected.coupling);
            }
        }
    }

    #[test]
    fn later_tokens_change_nothing_that_was_read() {
        for model in models() {
            let trace = Trace::<f64>::new(&model, &TEXT);
            let field = Field::new(&model, &trace, 1);
            let (frames, cells) = (field.frames(1, Along::Channel(0)), field.cells());
            let gathered = field.gathered(1, 0);
            for (t, frame) in frames.chunks_exact(cells).enumerate() {
                assert!((field.gather(frame)[t] - gathered[t]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn scattering_keeps_the_sum_and_strength_is_the_norm() {
        for model in models() {
            let trace = Trace::<f64>::new(&model, &TEXT);
            let field = Field::new(&model, &trace, 0);
            let deposits = field.deposits(2, 1);
            let (sum, on_cells): (f64, f64) =
                (deposits.iter().sum(), field.scatter(&deposits).iter().sum());
            assert!((sum - on_cells).abs() < 1e-12);
            let strength = field.frames(2, Along::Strength);
            let at = 7 * field.cells() + 12;
            let squares: f64 = (0..trace.config.head_dim())
                .map(|channel| field.frames(2, Along::Channel(channel))[at].powi(2))
                .sum();
            assert!((strength[at] - squares.sqrt()).abs() < 1e-12);
            let seen = field.seen(Along::Strength, |channel| field.deposits(2, channel));
            let energy: f64 = field.energies(2).iter().sum();
            assert!((seen.iter().map(|x| x * x).sum::<f64>() - energy).abs() < 1e-12);
        }
    }
}

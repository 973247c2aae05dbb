//! Waves: kernels, rotations, the field, deposits, coupling and gate; and interference.

use super::world::World;
use crate::backend::{InterferenceInputs, Op, View, WaveGradients, WaveHeads};
use crate::kernels::field_convolution::Geometry;
use crate::kernels::interference::STATS;
use crate::kernels::wave_kernel::{Taps, Wave};
use crate::kernels::wave_rotation::{NEAR, ROTATION, ROTATION_GRADIENT, Rotation, Travel};
use std::ops::Range;
use std::sync::Arc;

/// Frequencies, raw dampings and phases of two layers' heads, among them a slow one, a fast one, a
/// negative frequency, one that is heard over the whole field, and one that is gone at once.
const WAVES: [[f32; 6]; 3] = [
    [0.3, 3.1, -1.7, 4.0, 3e-3, 12.5],
    [-3.0, 0.0, -7.0, -11.0, 3.0, -1.0],
    [0.0, 3.0, -0.4, 1.5, 0.7, 9.0],
];
const HEADS: usize = 3;
/// Odd, because channels go by pairs; and more pairs than a workgroup has lines.
const HEAD_DIM: usize = 23;

/// The heads of both layers, and where the gradients of their waves lie.
fn heads(w: &mut World) -> (Vec<WaveHeads>, Vec<WaveGradients>, [View; 3]) {
    let all = w.values(&WAVES.concat());
    let gains = w.values(&[1.0, 0.0, 0.5, 1.0, 1.0, 2.0]);
    let gradients = [0; 3].map(|_| w.gradient(2 * HEADS));
    let part = |view: &View, layer: usize| {
        let start = view.range.start + layer * HEADS;
        View::of(view.tensor, start..start + HEADS)
    };
    let kind = |kind: usize| View::of(all.tensor, kind * 2 * HEADS..(kind + 1) * 2 * HEADS);
    let layers = [0, 1].map(|layer| WaveHeads {
        frequency: part(&kind(0), layer),
        damping: part(&kind(1), layer),
        phase: part(&kind(2), layer),
        gain: part(&gains, layer),
    });
    let places = [0, 1].map(|layer| WaveGradients {
        frequency: part(&gradients[0], layer),
        damping: part(&gradients[1], layer),
        phase: part(&gradients[2], layer),
    });
    (layers.into(), places.into(), gradients)
}

pub fn kernels(w: &mut World) {
    for (what, [frequency, damping, phase], taps) in [
        (
            "waves' kernels",
            [
                "gradient of the frequency",
                "gradient of the damping",
                "gradient of the phase",
            ],
            Taps {
                field_size: 600,
                step: 2,
                count: 60,
            },
        ),
        (
            "waves' kernels, some cells of them",
            [
                "gradient of the frequency, some cells",
                "gradient of the damping, some cells",
                "gradient of the phase, some cells",
            ],
            Taps {
                field_size: 1000,
                step: 7,
                count: 40,
            },
        ),
    ] {
        let (layers, gradients, places) = heads(w);
        let len = 2 * HEADS * taps.count;
        let kernel = w.output(len);
        let op = Op::WaveKernel {
            layers: layers.clone(),
            taps,
            kernel: kernel.clone(),
        };
        w.check(op, &[(what, &kernel)]);
        let dkernel = w.noise(len);
        let op = Op::WaveKernelBackward {
            layers,
            gradients,
            taps,
            dkernel,
        };
        let wanted = [
            (frequency, &places[0]),
            (damping, &places[1]),
            (phase, &places[2]),
        ];
        w.check(op, &wanted);
    }
}

pub fn rotations(w: &mut World) {
    let travel = Travel {
        field_size: 600,
        least: 2,
    };
    let (layers, gradients, places) = heads(w);
    let rotations = w.output(2 * HEADS * ROTATION);
    let op = Op::WaveRotation {
        layers: layers.clone(),
        travel,
        rotations: rotations.clone(),
    };
    // Each by itself, for they are of different sizes; what float32 leaves over is the CPU's alone.
    let heads = 0..2 * HEADS;
    let part = |head: usize, numbers: Range<usize>| {
        let start = rotations.range.start + head * ROTATION;
        View::of(rotations.tensor, start + numbers.start..start + numbers.end)
    };
    let parts: Vec<_> = heads
        .flat_map(|head| {
            [
                ("rotations", part(head, 0..8)),
                ("what rotations are listened to by", part(head, 8..10)),
                ("rotations' frequency", part(head, 10..11)),
                ("rotations' damping", part(head, 11..NEAR)),
            ]
        })
        .collect();
    let wanted: Vec<_> = parts.iter().map(|(what, view)| (*what, view)).collect();
    w.check(op, &wanted);
    let op = Op::WaveRotationBackward {
        layers,
        gradients,
        travel,
        drotations: w.noise(2 * HEADS * ROTATION_GRADIENT),
    };
    let wanted = [
        ("gradient of the frequency, by rotation", &places[0]),
        ("gradient of the damping, by rotation", &places[1]),
        ("gradient of the phase, by rotation", &places[2]),
    ];
    w.check(op, &wanted);
}

/// Texts of several segments, the last of them cut off within a run: tokens three cells apart, and tokens
/// between cells.
fn long_texts() -> [Arc<Geometry>; 2] {
    let tokens = 1100;
    // More channels than a workgroup has, and heads that share one.
    let alike = Geometry {
        head_dim: 11,
        ..unit_stride(2, tokens)
    };
    let whole = Geometry {
        taps: Taps {
            field_size: 3 * tokens,
            step: 3,
            count: tokens,
        },
        ..alike.clone()
    };
    let mut cell = 0;
    let mut place = |i: usize| {
        let fraction = [0.0, 0.3, 0.55, 0.8][i % 4];
        let at = cell;
        // Two, three or four cells from the last one of a token to the first one of the next.
        cell += usize::from(fraction > 0.0) + [2, 4, 3][i % 3];
        (at, fraction)
    };
    let places: Vec<_> = (0..tokens).map(&mut place).collect();
    let line = places[tokens - 1].0 + 2;
    let between = Geometry {
        taps: Taps {
            field_size: line,
            step: 1,
            count: line,
        },
        places,
        ..alike
    };
    [Arc::new(whole), Arc::new(between)]
}

/// Rotations of waves that are heard for long, the second layer's of two.
fn long_waves(w: &mut World, g: &Geometry) -> View {
    // Numbers of float32, as parameters are: a GPU knows no others.
    let waves = [(0.3f32, 4e-4f32), (-1.7, 1e-4), (3.1, 3e-3)].map(|(f, d)| (f.into(), d.into()));
    let mut rows = vec![0.0; 2 * HEADS * ROTATION];
    let (_, second) = rows.split_at_mut(HEADS * ROTATION);
    for (row, (frequency, damping)) in second.chunks_exact_mut(ROTATION).zip(waves) {
        let wave = Wave {
            frequency,
            damping,
            phase: 0.4,
        };
        // Each as loud as the others.
        let gain = 0.1 * wave.absolute_sum(g.travel().field_size);
        Rotation::new(wave, gain, g.travel()).write(row);
    }
    let all = w.values(&rows);
    View::of(all.tensor, HEADS * ROTATION..rows.len())
}

/// The field as a recurrence, forward and backward.
pub fn recurrence(w: &mut World) {
    let names = [
        [
            "recurrence",
            "gradient of the deposits, recurrent",
            "gradient of the turns",
            "gradient of the turns by cells",
        ],
        [
            "recurrence between cells",
            "gradient of the deposits, recurrent between cells",
            "gradient of the turns between cells",
            "gradient of the turns between cells by cells",
        ],
    ];
    for (geometry, [heard, deposited, turned, far]) in long_texts().into_iter().zip(names) {
        let len = geometry.batch * geometry.seq_len * HEADS * geometry.head_dim;
        let rotations = long_waves(w, &geometry);
        let (deposits, y) = (w.noise(len), w.output(len));
        let op = Op::FieldRecurrence {
            geometry: geometry.clone(),
            deposits: deposits.clone(),
            rotations: rotations.clone(),
            y: y.clone(),
        };
        w.check(op, &[(heard, &y)]);
        let (dy, ddeposits) = (w.noise(len), w.output(len));
        let drotations = w.output(HEADS * ROTATION_GRADIENT);
        let op = Op::FieldRecurrenceBackward {
            geometry,
            deposits,
            rotations,
            dy,
            ddeposits: ddeposits.clone(),
            drotations: drotations.clone(),
        };
        let mut wanted = vec![(deposited, ddeposits)];
        for head in 0..HEADS {
            let at = drotations.range.start + head * ROTATION_GRADIENT;
            wanted.push((turned, View::of(drotations.tensor, at..at + 2)));
            wanted.push((far, View::of(drotations.tensor, at + 2..at + 4)));
        }
        let wanted: Vec<_> = wanted.iter().map(|(what, view)| (*what, view)).collect();
        w.check(op, &wanted);
    }
}

/// Every token has a cell of its own.
fn unit_stride(batch: usize, seq_len: usize) -> Geometry {
    Geometry {
        batch,
        seq_len,
        heads: HEADS,
        head_dim: HEAD_DIM,
        taps: Taps {
            field_size: seq_len,
            step: 1,
            count: seq_len,
        },
        places: Vec::new(),
        circular: false,
    }
}

/// Tokens lie between cells, two and a half apart.
fn between_cells(batch: usize, line: usize) -> Geometry {
    let tokens = (line - 2) * 2 / 5 + 1;
    let place = |i: usize| (5 * i / 2, if i % 2 == 1 { 0.5 } else { 0.0 });
    // Not all of the weights are powers of two.
    let places = (0..tokens).map(place).map(|(cell, f)| (cell, 0.6 * f));
    Geometry {
        seq_len: tokens,
        taps: Taps {
            field_size: line,
            step: 1,
            count: line,
        },
        places: places.collect(),
        ..unit_stride(batch, tokens)
    }
}

/// Tokens with a cell each, and tokens between cells.
fn geometries(line: usize) -> [Arc<Geometry>; 2] {
    let batch = if line > 1000 { 2 } else { 5 };
    [unit_stride(2, line - 1), between_cells(batch, line)].map(Arc::new)
}

/// Deposits on a field, and the kernels of a second layer.
fn field(w: &mut World, g: &Geometry) -> (usize, View, View) {
    let len = g.batch * g.seq_len * HEADS * g.head_dim;
    let kernels = HEADS * g.line();
    let kernel = w.sized(2 * kernels, 2.0 / (g.line() as f32).sqrt());
    let kernel = View::of(kernel.tensor, kernels..2 * kernels);
    (len, w.noise(len), kernel)
}

/// The convolution on lines of about so many cells.
pub fn convolution(w: &mut World, line: usize) {
    let names = ["field", "field between cells"];
    for (geometry, what) in geometries(line).into_iter().zip(names) {
        let (len, deposits, kernel) = field(w, &geometry);
        let y = w.output(len);
        let op = Op::FieldConvolution {
            geometry,
            deposits,
            kernel,
            y: y.clone(),
        };
        w.check(op, &[(what, &y)]);
    }
}

/// Its gradients.
pub fn convolution_backward(w: &mut World, line: usize) {
    let names = [
        ["gradient of the deposits", "gradient of the kernels"],
        [
            "gradient of the deposits between cells",
            "gradient of the kernels between cells",
        ],
    ];
    for (geometry, [deposited, kernels]) in geometries(line).into_iter().zip(names) {
        let (len, deposits, kernel) = field(w, &geometry);
        let dy = w.noise(len);
        let (ddeposits, dkernel) = (w.output(len), w.output(kernel.len()));
        let op = Op::FieldConvolutionBackward {
            geometry,
            deposits,
            dy,
            ddeposits: ddeposits.clone(),
            dkernel: dkernel.clone(),
            kernel,
        };
        w.check(op, &[(deposited, &ddeposits), (kernels, &dkernel)]);
    }
}

/// What the measurements of time against length convolve with besides.
pub fn direct_convolution(w: &mut World) {
    let geometry = Geometry {
        head_dim: 19,
        ..unit_stride(2, 150)
    };
    let len = geometry.batch * geometry.seq_len * HEADS * geometry.head_dim;
    let kernels = w.sized(2 * HEADS * geometry.seq_len, 0.2);
    let (deposits, y) = (w.noise(len), w.output(len));
    let op = Op::DirectConvolution {
        geometry: Arc::new(geometry),
        deposits,
        kernel: View::of(kernels.tensor, kernels.len() / 2..kernels.len()),
        y: y.clone(),
    };
    w.check(op, &[("convolution without transforms", &y)]);
}

pub fn deposits(w: &mut World) {
    let (rows, heads, head_dim) = (37, 3, 19);
    let dim = heads * head_dim;
    let mut values = w.noise_of(rows * 2 * dim, 2.0);
    // The first head's key is silent.
    values[..head_dim].fill(0.0);
    let keys_values = w.values(&values);
    let deposits = w.output(rows * dim);
    let op = Op::Deposit {
        keys_values: keys_values.clone(),
        deposits: deposits.clone(),
        dim,
        head_dim,
    };
    w.check(op, &[("deposits", &deposits)]);
    let (ddeposits, d) = (w.noise(rows * dim), w.output(rows * 2 * dim));
    let op = Op::DepositBackward {
        keys_values,
        ddeposits,
        dkeys_values: d.clone(),
        dim,
        head_dim,
    };
    w.check(op, &[("gradient of keys and values", &d)]);
}

pub fn coupling(w: &mut World) {
    let (rows, heads, head_dim) = (37, 5, 60);
    let len = rows * heads * head_dim;
    let (gathered, gate, dy) = (w.noise(len), w.noise(len), w.noise(len));
    let coupling = w.noise(heads * heads + 2);
    let coupling = View::of(coupling.tensor, 2..coupling.len());
    let y = w.output(len);
    let op = Op::CoupleGate {
        gathered: gathered.clone(),
        gate: gate.clone(),
        coupling: coupling.clone(),
        y: y.clone(),
        heads,
        head_dim,
    };
    w.check(op, &[("coupling and gate", &y)]);
    let (dgathered, dgate) = (w.output(len), w.output(len));
    let dcoupling = w.gradient(heads * heads);
    let op = Op::CoupleGateBackward {
        gathered,
        gate,
        coupling,
        dy,
        dgathered: dgathered.clone(),
        dgate: dgate.clone(),
        dcoupling: dcoupling.clone(),
        heads,
        head_dim,
    };
    let wanted = [
        ("gradient of what was gathered", &dgathered),
        ("gradient of the gate", &dgate),
        ("gradient of the coupling", &dcoupling),
    ];
    w.check(op, &wanted);
}

pub fn prefix_means(w: &mut World) {
    let (sequences, seq_len, dim) = (3, 23, 27);
    let len = sequences * seq_len * dim;
    let (x, y) = (w.noise(len), w.output(len));
    let op = Op::PrefixMean {
        x,
        y: y.clone(),
        seq_len,
        dim,
    };
    w.check(op, &[("mean of the text so far", &y)]);
    let d = w.noise(len);
    let op = Op::PrefixMeanBackward {
        d: d.clone(),
        seq_len,
        dim,
    };
    w.check(op, &[("gradient of the mean so far", &d)]);
}

pub fn interference(w: &mut World) {
    let (count, dim) = (270, 37);
    let len = count * dim;
    // All of one sign, or alike: the temperature's gradient is a sum over all rows, and one that is next
    // to nothing would show how it was rounded and not how it was computed.
    let positive = |w: &mut World| {
        let values: Vec<f32> = w.noise_of(len, 2.0).iter().map(|x| x.abs()).collect();
        w.values(&values)
    };
    let mut local = w.noise_of(len, 2.0);
    let mut global: Vec<f32> = w.noise_of(len, 1.0);
    global.iter_mut().zip(&local).for_each(|(g, l)| *g += l);
    // Some have no direction.
    local[3 * dim..4 * dim].fill(0.0);
    global[8 * dim..9 * dim].fill(0.0);
    let [local, global] = [local, global].map(|values| w.values(&values));
    let temperature = w.values(&[0.3, -2.0]);
    let inputs = InterferenceInputs {
        x: w.noise(len),
        local,
        global,
        context: positive(w),
        gate: w.noise(len),
        temperature: View::of(temperature.tensor, 1..2),
    };
    let (out, stats) = (w.output(len), w.output(count * STATS));
    let op = |stats: &View| Op::Interfere {
        inputs: inputs.clone(),
        out: out.clone(),
        stats: stats.clone(),
        dim,
    };
    w.check(op(&stats), &[("interference", &out)]);
    let known = w.output(count * STATS);
    w.on_cpu(op(&known), &[&known]);
    let dout = positive(w);
    let outputs = [0; 4].map(|_| w.output(len));
    let [dlocal, dglobal, dcontext, dgate] = &outputs;
    let dtemperature = w.gradient(1);
    let op = Op::InterfereBackward {
        inputs: inputs.clone(),
        stats: known,
        dout,
        dlocal: dlocal.clone(),
        dglobal: dglobal.clone(),
        dcontext: dcontext.clone(),
        dgate: dgate.clone(),
        dtemperature: dtemperature.clone(),
        dim,
    };
    // Gradients of what has no direction are of another size, and so are compared by themselves.
    let rows = |view: &View, rows: Range<usize>| {
        let start = view.range.start;
        View::of(
            view.tensor,
            start + rows.start * dim..start + rows.end * dim,
        )
    };
    let wanted = [
        ("gradient of the token's direction", &rows(dlocal, 0..3)),
        ("gradient of no direction", &rows(dlocal, 3..4)),
        ("gradient of the token's direction", &rows(dlocal, 4..count)),
        ("gradient of the text's direction", &rows(dglobal, 0..8)),
        ("gradient of no direction", &rows(dglobal, 8..9)),
        ("gradient of the text's direction", &rows(dglobal, 9..count)),
        ("gradient of the context", dcontext),
        ("gradient of the interference's gate", dgate),
        ("gradient of the temperature", &dtemperature),
    ];
    w.check(op, &wanted);
}

//! One change of each file that is no accident of its text: what somebody might have got wrong.

use crate::list::Change;
use wavefield::backend::gpu::mutant::Mutant;

/// A file, what stands there once, and what is tried instead.
const CHANGES: [(&str, &str, &str); 37] = [
    // GELU's half, in either place; and the normal density of its slope.
    ("common", "return 0.5 + 0.5 *", "return 0.45 + 0.5 *"),
    ("common", "return 0.5 + 0.5 *", "return 0.5 + 0.45 *"),
    ("common", "0.39894228", "0.39"),
    (
        "fft",
        "vec2(0.92387953251, -0.38268343236)",
        "vec2(0.9238, -0.3826)",
    ),
    (
        "field_lines",
        "return Deposit(n, 1.0);",
        "return Deposit(n, 1.001);",
    ),
    (
        "field_convolution",
        "(1.0 - fraction)",
        "(1.001 - fraction)",
    ),
    ("field_passes", "(1.0 - fraction)", "(1.001 - fraction)"),
    ("direct_convolution", "at -= 1u;", "at -= 2u;"),
    ("turns", "1.4629180792671596e-9", "1.46e-9"),
    // A series that is the exponential's up to its third term.
    ("turns", "var k = 6u;", "var k = 2u;"),
    ("wave", "69.0775528", "6.9"),
    (
        "wave_kernel",
        "t % args.tap_step > 0u",
        "t % args.tap_step > 1u",
    ),
    (
        "wave_rotation",
        "rotations[at + 11u]",
        "rotations[at + 10u]",
    ),
    // Waves that a token leaves before it has deposited all of it; a chunk that is gone after the next one.
    ("field_way", "here.second * value", "here.first * value"),
    (
        "field_recurrence",
        "after = plus(moved(before,",
        "after = plus(moved(Waves(),",
    ),
    (
        "matrix_product",
        "row3 += a_tile[at + 3u]",
        "row3 += a_tile[at + 2u]",
    ),
    // Attention that hears one token ahead, forward and backward.
    (
        "attention",
        "max(query + 1u, first)",
        "max(query + 2u, first)",
    ),
    ("attention", "key > query ||", "key > query + 1u ||"),
    (
        "attention_tiles",
        "other_rows[quarter * OTHERS_APART + other + 16u]",
        "other_rows[quarter * OTHERS_APART + other + 15u]",
    ),
    (
        "adamw",
        "args.rest2 * g * g;",
        "args.rest2 * g * 1.001 * g;",
    ),
    ("couple_gate", "(1.0 - open)", "(1.001 - open)"),
    (
        "cross_entropy",
        "max(counted, 1.0)",
        "max(counted, 1.0) * 1.001",
    ),
    (
        "cross_entropy",
        "select(0.0, share, i == row.answer)",
        "select(0.0, share * 1.001, i == row.answer)",
    ),
    ("deposit", "* 2u * args.heads", "* 3u * args.heads"),
    (
        "dropout",
        "mask(Dropout(args.site,",
        "mask(Dropout(args.site + 1u,",
    ),
    (
        "embedding",
        "batch[args.starts + u + 1u]",
        "batch[args.starts + u + 2u]",
    ),
    (
        "interference",
        "const TEMPERATURE_FLOOR = 0.05;",
        "const TEMPERATURE_FLOOR = 0.0501;",
    ),
    (
        "layer_norm",
        "let scale = 1.0 / f32(args.dim);",
        "let scale = 1.001 / f32(args.dim);",
    ),
    // An RMS norm that takes a mean off, and a layer norm that does not.
    ("layer_norm", "if (CENTRED == 1u) {", "if (CENTRED < 2u) {"),
    (
        "near_field",
        "min(place + 1u, TAPS)",
        "min(place + 2u, TAPS)",
    ),
    (
        "near_field",
        "r % args.seq_len >= back",
        "r % args.seq_len >= back - 1u",
    ),
    ("prefix_mean", "total / f32(i + 1u)", "total / f32(i + 2u)"),
    // Neighbours that turn by the angle of the next pair.
    (
        "rotary",
        "first % args.head_dim",
        "(first + 2u) % args.head_dim",
    ),
    ("rows", "half = LANES / 2u", "half = LANES / 4u"),
    ("swiglu", "x * sigmoid(x)", "x * sigmoid(1.001 * x)"),
    (
        "swiglu",
        "open * (1.0 + x * (1.0 - open))",
        "open * (1.0 + x * (0.999 - open))",
    ),
    ("zero", "= 0.0;", "= 1e-3;"),
];

/// The changes of a file.
///
/// # Panics
/// When what is to be changed is not there.
pub fn of(file: &'static str, text: &str) -> Vec<Change> {
    let mine = CHANGES.iter().filter(|(of, ..)| *of == file);
    let changes = mine.map(|(_, was, with)| {
        let at = text
            .find(was)
            .unwrap_or_else(|| panic!("{file}.wgsl has no {was:?}"));
        let line = text[..at].lines().count().max(1);
        Change {
            mutant: Mutant {
                file,
                range: at..at + was.len(),
                with: (*with).into(),
            },
            line,
            text: text.lines().nth(line - 1).unwrap_or_default().trim().into(),
            was: (*was).into(),
            nth: 0,
        }
    });
    changes.collect()
}

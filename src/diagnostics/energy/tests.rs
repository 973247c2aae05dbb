use super::*;
use crate::config::tests::{config, modern};
use crate::config::{Architecture, ModelConfig};
use crate::model::Head;

const TEXT: [u32; 11] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];
const LAYER: usize = 1;

/// Strides of 1, 4 and 3.94 cells, with waves that reach the field's end, and a coupling that mixes; the last
/// one with all options too.
fn models() -> impl Iterator<Item = Model> {
    let cases = [(17, false), (65, false), (64, false), (64, true)];
    cases.into_iter().map(|(field_size, options)| {
        let plain = ModelConfig {
            field_size,
            ..config()
        };
        let config = if options { modern(plain) } else { plain };
        let mut model = Model::new(config, 5).unwrap();
        for (head, damping) in [0.2, 0.003, 2.0].into_iter().enumerate() {
            let wave = Head {
                frequency: 0.7 * head as f32,
                damping,
                phase: 0.4,
                gain: 1.0,
            };
            model.set_head(LAYER, head, wave).unwrap();
        }
        let name = format!("layers.{LAYER}.attention.field_coupling");
        let coupling = model.parameters.get_mut(&name).unwrap();
        for (i, c) in coupling.iter_mut().enumerate() {
            *c = (i as f32 * 0.7).sin();
        }
        model
    })
}

fn near(found: f64, expected: f64, tolerance: f64) {
    let error = (found - expected).abs();
    assert!(
        error <= tolerance * (1.0 + expected.abs()),
        "{found} for {expected}"
    );
}

/// κ at all cells by its formula, from the parameters as they are stored.
fn kernel(model: &Model, head: usize) -> Vec<f64> {
    let ranges = model.parameters.table().layers[LAYER].wave();
    let at = |range: &Range<usize>| f64::from(model.parameters.flat()[range.clone()][head]);
    let damping = at(&ranges.damping).exp().ln_1p();
    let wave = |t: usize| {
        let t = t as f64;
        (-damping * t).exp() * (at(&ranges.frequency) * t + at(&ranges.phase)).cos()
    };
    let values: Vec<f64> = (0..model.config.field_size).map(wave).collect();
    let total: f64 = values.iter().map(|x| x.abs()).sum();
    values.iter().map(|x| x / total).collect()
}

#[test]
fn a_head_is_what_naive_sums_over_the_cells_say() {
    for model in models() {
        let trace = Trace::<f64>::new(&model, &TEXT);
        let found = layer(&model, &trace, LAYER);
        let config = &model.config;
        let (cells, width, dim) = (config.field_size, config.head_dim(), config.embedding_dim);
        let wave = trace.layers[LAYER].wave().unwrap();
        let stride = (cells - 1) as f64 / (config.max_seq_len - 1) as f64;
        let end = ((TEXT.len() - 1) as f64 * stride).ceil() as usize + 1;
        for (head, found) in found.heads.iter().enumerate() {
            let kernel = kernel(&model, head);
            let mut sums = [0.0; 7];
            for channel in head * width..(head + 1) * width {
                let mut line = vec![0.0; cells];
                for t in 0..TEXT.len() {
                    let (place, q) = (t as f64 * stride, wave.deposits[t * dim + channel]);
                    let fraction = place.fract();
                    line[place as usize] += q * (1.0 - fraction);
                    if fraction > 0.0 {
                        line[place as usize + 1] += q * fraction;
                    }
                    sums[0] += q * q;
                    sums[4] += wave.gathered[t * dim + channel].powi(2);
                    let other = (0..config.num_heads).map(|h| {
                        let weight = wave.coupling[head * config.num_heads + h];
                        weight * wave.gathered[t * dim + h * width + channel % width]
                    });
                    let mixed: f64 = other.sum();
                    sums[5] += mixed * mixed;
                    sums[6] += (mixed * wave.gate[t * dim + channel]).powi(2);
                }
                for cell in 0..cells {
                    let value: f64 = (0..=cell).map(|b| line[b] * kernel[cell - b]).sum();
                    sums[1] += line[cell] * line[cell];
                    sums[2] += if cell < end { value * value } else { 0.0 };
                    sums[3] += value * value;
                }
            }
            let answers = [
                found.deposited,
                found.scattered,
                found.reached,
                found.propagated,
                found.gathered,
                found.coupled,
                found.gated,
            ];
            for (found, expected) in answers.iter().zip(sums) {
                assert!(
                    (found - expected).abs() <= 1e-10 * expected,
                    "{found} for {expected}"
                );
            }
            near(found.kernel_sum, kernel.iter().sum(), 1e-10);
        }
    }
}

#[test]
fn sums_are_kept_and_no_energy_is_made_on_the_field() {
    for model in models() {
        let trace = Trace::<f64>::new(&model, &TEXT);
        let found = layer(&model, &trace, LAYER);
        for head in &found.heads {
            assert!(head.scatter_difference < 1e-12, "{head:?}");
            assert!(head.wave_difference < 1e-12, "{head:?}");
            near(head.kernel_absolute, 1.0, 1e-12);
            assert!(head.propagated <= head.bound * head.scattered, "{head:?}");
            assert!(head.bound <= 1.0 + 1e-12 && head.gated < head.coupled);
            // Whole strides leave deposits as they are, others take up to half.
            let kept = head.scattered / head.deposited;
            match model.config.integer_stride() {
                Some(_) => near(kept, 1.0, 1e-12),
                None => assert!((0.5..0.99).contains(&kept), "{kept}"),
            }
        }
        // A wave that dies slowly runs over the end; one that dies within a few cells does not
        // leave the text's own stretch of the field.
        assert!(found.heads[1].beyond > 1e-3 && found.heads[2].beyond < 1e-4);
        assert!(found.row_difference < 1e-12);
        near(found.columns.iter().sum(), 4.0, 1e-12);
        assert!(found.coupling_change > 1e-3, "{}", found.coupling_change);
    }
}

#[test]
fn a_sum_over_the_heads_is_kept_where_columns_add_up_to_one() {
    let mut model = models().next().unwrap();
    let name = format!("layers.{LAYER}.attention.field_coupling");
    model.parameters.get_mut(&name).unwrap().fill(0.5);
    let trace = Trace::<f64>::new(&model, &TEXT);
    assert!(layer(&model, &trace, LAYER).coupling_change < 1e-12);
}

/// The closed form against a naive transform of κ, at every frequency of the line.
#[test]
fn the_bound_is_the_greatest_of_a_naive_transform() {
    for model in models() {
        let cells = model.config.field_size;
        let len = (2 * cells).next_power_of_two();
        for head in 0..model.config.num_heads {
            let kernel = kernel(&model, head);
            let power = |i: usize| {
                let turn = std::f64::consts::TAU * i as f64 / len as f64;
                let part = |f: fn(f64) -> f64| -> f64 {
                    let terms = kernel.iter().enumerate();
                    terms.map(|(t, k)| k * f(turn * t as f64)).sum()
                };
                part(f64::cos).powi(2) + part(f64::sin).powi(2)
            };
            let expected = (0..len).map(power).fold(0.0, f64::max);
            near(bound(&model, LAYER, head, cells), expected, 1e-6);
        }
    }
    // A wave that hardly dies at all, at its own frequency.
    assert_eq!(series(0.0, 0.0, 7), [7.0, 0.0]);
}

#[test]
fn the_stream_goes_from_place_to_place_by_what_is_added() {
    let standard = ModelConfig {
        architecture: Architecture::Standard,
        field_size: 0,
        ..config()
    };
    for config in [config(), standard] {
        let model = Model::new(config, 5).unwrap();
        let trace = Trace::<f64>::new(&model, &TEXT);
        let found = stream(&trace);
        let modules = trace.layers.iter().filter(|l| l.interference.is_some());
        assert_eq!(found.places.len(), 1 + 2 * 6 + modules.count());
        let n = TEXT.len();
        for at in n..found.norms.len() {
            let (before, added) = (found.norms[at - n], found.added[at]);
            let square = before * before + added * added + 2.0 * before * added * found.along[at];
            near(found.norms[at], square.sqrt(), 1e-10);
        }
        let last = &found.norms[found.norms.len() - n..];
        for (row, found) in trace.output.chunks_exact(16).zip(last) {
            near(*found, row.iter().map(|x| x * x).sum::<f64>().sqrt(), 1e-12);
        }
        // Fresh norms have weight 1 and bias 0: every token comes out √D long, but for epsilon.
        let Scale { before, after } = scale(&model, &trace, 3);
        assert!(before[0] < before[1] && after[0] > 3.9 && after[1] <= 4.0);
    }
}

#[test]
fn a_muted_head_and_a_text_of_one_token_give_numbers() {
    for mut model in models() {
        let muted = Head {
            gain: 0.0,
            ..model.head(LAYER, 0)
        };
        model.set_head(LAYER, 0, muted).unwrap();
        let trace = Trace::<f64>::new(&model, &TEXT[..1]);
        let found = layer(&model, &trace, LAYER);
        assert_eq!(
            (found.heads[0].propagated, found.heads[0].bound),
            (0.0, 0.0)
        );
        assert!(found.heads.iter().all(|head| head.wave_difference < 1e-12));
        assert_eq!(found.openness.len(), 4);
    }
}

//! How much of the mean of the text so far each token takes on.

use super::Trace;
use crate::kernels::Real;
use crate::kernels::interference::effective_temperature;
use crate::model::Model;

/// One interference module along a text; all but the first two have an entry a token.
#[derive(Debug, Clone)]
pub struct Interference {
    /// The layer that it follows.
    pub layer: usize,
    /// softplus(T) + 0.05: the lower it is, the more sharply agreement decides.
    pub temperature: f64,
    /// m, the cosine between the token and the mean, each seen through a learned map; -1 to 1.
    pub alignment: Vec<f32>,
    /// u = σ(m / temperature), 0 to 1.
    pub strength: Vec<f32>,
    /// The mean of the gate over the channels, 0 to 1.
    pub gate: Vec<f32>,
    /// ‖gate ∘ context · u‖ / ‖x‖: how large what is added is beside what was there.
    pub added: Vec<f32>,
}

/// Every module, in the order in which they come; `trace` must be of `model`.
pub fn interference<T: Real>(model: &Model, trace: &Trace<T>) -> Vec<Interference> {
    let dim = trace.config.embedding_dim;
    let ranges = &model.parameters.table().interference;
    let modules = (trace.layers.iter().enumerate())
        .filter_map(|(layer, found)| found.interference.as_ref().map(|m| (layer, found, m)));
    (modules.zip(ranges))
        .map(|((layer, found, module), ranges)| {
            let raw = model.parameters.flat()[ranges.temperature.start];
            let rows = || module.gate.chunks_exact(dim);
            let added = |t: usize, gate: &[T]| {
                let row = t * dim..(t + 1) * dim;
                let strength = module.strength[t].wide();
                let terms = gate.iter().zip(&module.context[row.clone()]);
                let square: f64 = terms
                    .map(|(g, c)| (g.wide() * c.wide() * strength).powi(2))
                    .sum();
                let stream: f64 = found.after[row].iter().map(|x| x.wide().powi(2)).sum();
                // A stream of nothing but zeros takes on nothing that could be compared with it.
                let share = if stream > 0.0 { square / stream } else { 0.0 };
                share.sqrt() as f32
            };
            let narrow = |values: &[T]| values.iter().map(|v| v.wide() as f32).collect();
            Interference {
                layer,
                temperature: effective_temperature(f64::from(raw)),
                alignment: narrow(&module.alignment),
                strength: narrow(&module.strength),
                gate: rows()
                    .map(|gate| (gate.iter().map(|g| g.wide()).sum::<f64>() / dim as f64) as f32)
                    .collect(),
                added: rows().enumerate().map(|(t, gate)| added(t, gate)).collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    /// W·v + b of one of the first module's maps, one sum after another.
    fn map(model: &Model, name: &str, v: &[f64]) -> Vec<f64> {
        let get = |part: &str| {
            let name = format!("interference_modules.0.{name}.{part}");
            let found = model.parameters.get(&name);
            found.unwrap_or_else(|| panic!("no {name}")).to_vec()
        };
        let (weight, bias) = (get("weight"), get("bias"));
        let rows = weight.chunks_exact(v.len()).zip(&bias);
        rows.map(|(row, bias)| {
            let products = row.iter().zip(v).map(|(w, v)| f64::from(*w) * v);
            f64::from(*bias) + products.sum::<f64>()
        })
        .collect()
    }

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    /// A module's numbers are those of its formulas, worked out from the stream before it.
    #[test]
    fn numbers_are_those_of_a_naive_module() {
        let mut model = Model::new(config(), 5).unwrap();
        // As if it had learned, so that tokens differ.
        for weight in model.parameters.flat_mut().iter_mut() {
            *weight *= 1.0 + 3.0 * (*weight * 1e4).sin().abs();
        }
        let ids = [3u32, 1, 4, 1, 5, 9, 2, 6, 5];
        let trace = Trace::<f64>::new(&model, &ids);
        let found = interference(&model, &trace);
        let layers: Vec<usize> = found.iter().map(|module| module.layer).collect();
        assert_eq!(layers, [2, 5]);

        let raw = f64::from(
            model
                .parameters
                .get("interference_modules.0.interference_temperature")
                .unwrap()[0],
        );
        let temperature = (1.0 + raw.exp()).ln() + 0.05;
        assert!((found[0].temperature - temperature).abs() < 1e-9);
        let (x, dim) = (&trace.layers[2].after, trace.config.embedding_dim);
        let mut sum = vec![0.0; dim / 4];
        let mut strengths = Vec::new();
        for (t, x) in x.chunks_exact(dim).enumerate() {
            for (sum, c) in sum.iter_mut().zip(map(&model, "compress", x)) {
                *sum += c;
            }
            let mean: Vec<f64> = sum.iter().map(|s| s / (t + 1) as f64).collect();
            let context = map(&model, "expand", &mean);
            let local = map(&model, "local_phase_proj", x);
            let global = map(&model, "global_phase_proj", &context);
            let lengths = (dot(&local, &local) * dot(&global, &global)).sqrt();
            let alignment = dot(&local, &global) / lengths;
            let strength = 1.0 / (1.0 + (-alignment / temperature).exp());
            let gate: Vec<f64> = map(&model, "interference_gate", &[x, &context].concat())
                .iter()
                .map(|g| 1.0 / (1.0 + (-g).exp()))
                .collect();
            let added: Vec<f64> = (gate.iter().zip(&context))
                .map(|(g, c)| g * c * strength)
                .collect();
            let share = (dot(&added, &added) / dot(x, x)).sqrt();
            for (what, found, expected) in [
                ("alignment", found[0].alignment[t], alignment),
                ("strength", found[0].strength[t], strength),
                (
                    "gate",
                    found[0].gate[t],
                    gate.iter().sum::<f64>() / dim as f64,
                ),
                ("added", found[0].added[t], share),
            ] {
                let found = f64::from(found);
                assert!(
                    (found - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                    "{what} of token {t}: {found} for {expected}"
                );
            }
            strengths.push(strength);
        }
        let (least, most) =
            (strengths.iter()).fold((1.0f64, 0.0f64), |(a, b), s| (a.min(*s), b.max(*s)));
        assert!(
            most - least > 0.01,
            "tokens that do not differ prove little"
        );
    }
}

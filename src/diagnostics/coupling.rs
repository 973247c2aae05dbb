//! What the heads of a layer take of each other's fields.

use super::Trace;
use crate::kernels::Real;

/// A layer's coupling while a text is read. (H, H) has a row for each head that takes.
#[derive(Debug, Clone)]
pub struct Coupling {
    /// (H, H): the softmax of each row of the learned matrix; rows add up to 1.
    pub weights: Vec<f32>,
    /// H: the root mean square of what reached the tokens in head h's field, over tokens and
    /// channels.
    pub loudness: Vec<f32>,
    /// (H, H): weights[i,h]·loudness[h], divided by its row's sum: how large a part of what head i
    /// takes is head h's. A heavy weight on a quiet field is little. Zero where all are silent.
    pub taken: Vec<f32>,
}

/// The coupling of every layer; none in a standard Transformer.
pub fn couplings<T: Real>(trace: &Trace<T>) -> Vec<Coupling> {
    let (heads, dim) = (trace.config.num_heads, trace.config.embedding_dim);
    let width = trace.config.head_dim();
    let of_layer = |wave: &super::trace::WaveTrace<T>| {
        let mut squares = vec![0.0; heads];
        for row in wave.gathered.chunks_exact(dim) {
            for (square, channels) in squares.iter_mut().zip(row.chunks_exact(width)) {
                *square += channels.iter().map(|r| r.wide() * r.wide()).sum::<f64>();
            }
        }
        let count = (trace.len() * width) as f64;
        let loudness: Vec<f64> = squares.iter().map(|s| (s / count).sqrt()).collect();
        let mut taken = Vec::with_capacity(heads * heads);
        for row in wave.coupling.chunks_exact(heads) {
            let parts = || row.iter().zip(&loudness).map(|(w, l)| w.wide() * l);
            let total: f64 = parts().sum();
            let share = |part: f64| if total > 0.0 { part / total } else { 0.0 };
            taken.extend(parts().map(|part| share(part) as f32));
        }
        Coupling {
            weights: wave.coupling.iter().map(|w| w.wide() as f32).collect(),
            loudness: loudness.iter().map(|l| *l as f32).collect(),
            taken,
        }
    };
    (trace.layers.iter())
        .filter_map(|layer| layer.wave())
        .map(of_layer)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use crate::model::Model;

    #[test]
    fn weights_are_those_that_were_set_and_parts_are_what_is_heard() {
        let mut model = Model::new(config(), 3).unwrap();
        let mut weights = model.coupling(1);
        weights[..4].copy_from_slice(&[0.1, 0.2, 0.3, 0.4]);
        weights[8..12].copy_from_slice(&[0.0, 0.0, 1.0, 0.0]);
        model.set_coupling(1, &weights).unwrap();
        let trace = Trace::<f64>::new(&model, &[3, 1, 4, 1, 5, 9, 2, 6]);
        let found = couplings(&trace);
        assert_eq!(found.len(), 6);
        for (found, asked) in found[1].weights.iter().zip(&weights) {
            assert!((found - asked).abs() < 1e-6, "{found} for {asked}");
        }
        // The same sums, entry by entry.
        let gathered = &trace.layers[1].wave().unwrap().gathered;
        let width = trace.config.head_dim();
        let loud: Vec<f64> = (0..4)
            .map(|h| {
                let mut sum = 0.0;
                for t in 0..8 {
                    for c in 0..width {
                        sum += gathered[t * 4 * width + h * width + c].powi(2);
                    }
                }
                (sum / (8 * width) as f64).sqrt()
            })
            .collect();
        assert!(loud.iter().all(|l| *l > 0.0));
        let total = 0.1 * loud[0] + 0.2 * loud[1] + 0.3 * loud[2] + 0.4 * loud[3];
        for h in 0..4 {
            assert!((f64::from(found[1].loudness[h]) / loud[h] - 1.0).abs() < 1e-6);
            let part = [0.1, 0.2, 0.3, 0.4][h] * loud[h] / total;
            assert!((f64::from(found[1].taken[h]) - part).abs() < 1e-6);
        }
        assert!((found[1].taken[10] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn muted_heads_are_silent() {
        let mut model = Model::new(config(), 3).unwrap();
        model.gains.fill(0.0);
        for layer in couplings(&Trace::<f32>::new(&model, &[1, 2, 3])) {
            assert!(layer.loudness.iter().chain(&layer.taken).all(|x| *x == 0.0));
        }
    }
}

//! The golden cases on the CPU.
//!
//! `WAVEFIELD_FIXTURES` names another folder of cases to run.

use crate::golden_cases::{Case, Tolerances, run_case};
use std::path::{Path, PathBuf};
use wavefield::backend::cpu::Cpu;
use wavefield::backend::wait;
use wavefield::diagnostics::{Trace, energy};

const TOLERANCES: Tolerances = Tolerances {
    logits: 1e-5,
    losses: 1e-5,
    gradients: 1e-4,
    parameters: 1e-4,
};

fn folder() -> PathBuf {
    match std::env::var_os("WAVEFIELD_FIXTURES") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"),
    }
}

fn cases(kind: &str) -> Vec<Case> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder of fixtures")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "safetensors"))
        .collect();
    paths.sort();
    let cases: Vec<Case> = paths
        .iter()
        .map(|path| Case {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            bytes: std::fs::read(path).unwrap(),
        })
        .filter(|case| case.metadata("model") == kind)
        .collect();
    assert!(
        !cases.is_empty(),
        "no {kind} case in {}",
        folder().display()
    );
    cases
}

#[test]
fn wave_cases() {
    run("wave");
}

#[test]
fn standard_cases() {
    run("standard");
}

fn run(kind: &str) {
    for case in cases(kind) {
        match wait(run_case(&case, &mut Cpu::<f32>::new(), TOLERANCES)) {
            Ok(worst) => println!("{}: worst error is {worst:.3} of its tolerance", case.name),
            Err(faults) => panic!("{faults}"),
        }
    }
}

/// Of the first layer, head by head: energy deposited, on the cells, over the field, gathered, coupled and gated, and
/// the gate's mean; worked out from the files alone by a program that shares nothing with this one, in float64.
const ENERGIES: [(&str, f64, &[[f64; 7]]); 2] = [
    (
        "wave_fractional_stride",
        3.7001570226547886,
        &[
            [
                6.057419233e+01,
                4.151997533e+01,
                2.897726380e+00,
                8.703440598e-01,
                6.427268378e-01,
                8.429463141e-02,
                3.484685829e-01,
            ],
            [
                9.028062559e+01,
                6.463113240e+01,
                5.684394352e+00,
                1.337719906e+00,
                3.584875609e+00,
                8.021842954e-01,
                4.826695486e-01,
            ],
            [
                4.871374951e+01,
                3.179334282e+01,
                1.093534961e+01,
                6.965210638e+00,
                2.114719585e+00,
                3.547437379e-01,
                4.330089940e-01,
            ],
            [
                3.129659184e+02,
                1.760126142e+02,
                8.790042855e+01,
                4.833951514e+01,
                1.198791395e+01,
                4.517162186e+00,
                6.164224509e-01,
            ],
        ],
    ),
    (
        "wave_integer_stride",
        4.218597949894074,
        &[
            [
                1.297406196e+03,
                1.297406196e+03,
                1.195107722e+02,
                3.364465961e+01,
                6.134806959e+01,
                1.358026770e+01,
                4.260179277e-01,
            ],
            [
                1.433375347e+03,
                1.433375347e+03,
                1.954994260e+02,
                1.051096683e+02,
                7.676747619e+01,
                1.451057204e+01,
                4.286218889e-01,
            ],
            [
                1.088285939e+03,
                1.088285939e+03,
                6.961707589e+02,
                6.749254588e+02,
                2.285511932e+02,
                6.851177295e+01,
                5.321894225e-01,
            ],
        ],
    ),
];

#[test]
fn energies_of_the_wave_cases() {
    for (name, start, heads) in ENERGIES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/fixtures/{name}.safetensors"));
        let case = Case {
            name: name.into(),
            bytes: std::fs::read(path).unwrap(),
        };
        let ids: Vec<u32> = case.integers("ids").iter().map(|id| *id as u32).collect();
        let model = case.model();
        // The first of the batch's two texts.
        let ids = &ids[..ids.len() / 2];
        let trace = Trace::<f64>::new(&model, ids);
        let norms = energy::stream(&trace).norms;
        // The model keeps its positions in float32, and squares of sums of them are what is measured.
        let near = |found: f64, expected: f64| {
            assert!(
                (found / expected - 1.0).abs() < 1e-6,
                "{name}: {found} for {expected}"
            );
        };
        near(
            norms[..ids.len()].iter().sum::<f64>() / ids.len() as f64,
            start,
        );
        let found = energy::layer(&model, &trace, 0).heads;
        assert_eq!(found.len(), heads.len());
        for (head, expected) in found.iter().zip(heads) {
            let found = [
                head.deposited,
                head.scattered,
                head.propagated,
                head.gathered,
                head.coupled,
                head.gated,
                head.openness,
            ];
            for (found, expected) in found.iter().zip(expected) {
                near(*found, *expected);
            }
        }
    }
}

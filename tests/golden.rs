//! The golden cases on the CPU.
//!
//! `WAVEFIELD_FIXTURES` names another folder of cases to run.

mod golden_cases;

use golden_cases::{Case, Tolerances, run_case};
use std::path::{Path, PathBuf};
use wavefield::backend::cpu::Cpu;
use wavefield::backend::wait;

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

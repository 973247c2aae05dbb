//! The proof of a graphics adapter, proven: one constant or comparison of a shader is changed, and the
//! proof of the operations that it is part of must refuse the adapter.
//!
//! One or two of every file are part of `make test`; `make mutants` changes every constant and comparison,
//! and tells each as it is tried. Where there is no adapter, all show as ignored.

mod equivalent;
mod list;
mod one_of_each;

use libtest_mimic::{Arguments, Failed, Trial};
use list::{Change, changes};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::gpu::mutant::{Mutant, files, is_part};
use wavefield::backend::wait;
use wavefield::train::proof::{Part, all_parts, prove_parts};

/// A part of the proof, and the shaders that it runs once that is known.
struct Stage {
    part: Part,
    shaders: Option<BTreeSet<&'static str>>,
}

/// An opened device and what the proof consists of.
struct Bench {
    device: GpuDevice,
    stages: Vec<Stage>,
}

// Never dropped: a thread's last moments are too late for a driver.
thread_local! {
    static BENCH: RefCell<Option<ManuallyDrop<Bench>>> = const { RefCell::new(None) };
}

impl Bench {
    fn new() -> Self {
        let mut parts = all_parts();
        // Operations by themselves are to notice first, and what takes long comes late.
        parts.sort_by_key(|part| match part {
            Part::Operations(_) => 0,
            Part::Lines(line) | Part::LinesBackward(line) => *line,
            Part::Step(_) => usize::MAX,
        });
        let stages = parts.into_iter().map(|part| Stage {
            part,
            shaders: None,
        });
        Bench {
            device: wait(GpuDevice::open()).expect("a device could be opened before"),
            stages: stages.collect(),
        }
    }

    /// Whether a part runs a shader that a file belongs to. A part that was not run yet has to pass
    /// unchanged.
    fn concerns(&mut self, stage: usize, file: &str) -> Result<bool, String> {
        let Stage { part, shaders } = &mut self.stages[stage];
        if shaders.is_none() {
            self.device.mutate(None);
            self.device.take_asked();
            if let Some(why) = refusal(&self.device, part) {
                return Err(format!("the unchanged shaders are refused: {why}"));
            }
            *shaders = Some(self.device.take_asked());
        }
        let mut shaders = shaders.iter().flatten();
        Ok(shaders.any(|shader| is_part(file, shader)))
    }

    /// Why the proof refuses a change; none where it does not.
    fn noticed(&mut self, mutant: &Mutant) -> Result<Option<String>, String> {
        let mut why = None;
        for stage in 0..self.stages.len() {
            if self.concerns(stage, mutant.file)? {
                self.device.mutate(Some(mutant.clone()));
                why = refusal(&self.device, &self.stages[stage].part);
            }
            if why.is_some() {
                break;
            }
        }
        self.device.mutate(None);
        self.device.forgive();
        if why.is_some() && refusal(&self.device, &self.stages[0].part).is_some() {
            // The change was too much for it.
            self.device = wait(GpuDevice::open()).expect("a device could be opened before");
        }
        Ok(why)
    }
}

/// Why an adapter is refused after a part.
fn refusal(device: &GpuDevice, part: &Part) -> Option<String> {
    match wait(prove_parts(device, std::slice::from_ref(part))) {
        Err(error) => Some(error.to_string()),
        Ok(checks) => {
            let wrong = checks.iter().find(|check| !check.passes());
            wrong.map(|check| format!("{check:?}"))
        }
    }
}

/// Every change of a file; instead of one that makes no difference, a larger one.
fn every(file: &'static str, text: &str) -> Vec<Change> {
    let list = equivalent::list();
    changes(file, text)
        .into_iter()
        .filter_map(|change| match list.iter().find(|entry| entry.is(&change)) {
            None => Some(change),
            Some(equivalent) => equivalent.instead.map(|with| Change {
                mutant: Mutant {
                    with: with.into(),
                    ..change.mutant
                },
                ..change
            }),
        })
        .collect()
}

fn changes_are_noticed(file: &'static str, text: &str, all: bool) -> Result<(), Failed> {
    let chosen = match all {
        true => every(file, text),
        false => one_of_each::of(file, text),
    };
    if chosen.is_empty() {
        return Err("no change of this file is tried".into());
    }
    let found = BENCH.with_borrow_mut(|bench| -> Result<Vec<String>, String> {
        let bench = bench.get_or_insert_with(|| ManuallyDrop::new(Bench::new()));
        let mut unnoticed = Vec::new();
        for change in &chosen {
            let why = bench.noticed(&change.mutant)?;
            if all {
                let why = why.as_deref().unwrap_or("UNNOTICED");
                eprintln!("{}: {why}", change.described());
            }
            if why.is_none() {
                unnoticed.push(change.described());
            }
        }
        Ok(unnoticed)
    })?;
    match found.is_empty() {
        true => Ok(()),
        false => Err(format!("the proof does not notice\n{}", found.join("\n")).into()),
    }
}

/// Each entry of the list stands for a change that there is.
fn the_list_is_of_today() -> Result<(), Failed> {
    let all: Vec<Change> = (files().into_iter())
        .flat_map(|(file, text)| changes(file, text))
        .collect();
    let list = equivalent::list();
    let stale = list
        .iter()
        .find(|entry| !all.iter().any(|change| entry.is(change)));
    match stale {
        None => Ok(()),
        Some(entry) => Err(format!("no change fits {entry:?}").into()),
    }
}

fn main() {
    let mut arguments = Arguments::from_args();
    // One device, and so one thread, for all.
    arguments.test_threads = Some(1);
    let all = std::env::var_os("WAVEFIELD_MUTANTS").is_some_and(|asked| asked == "all");
    let found = wait(GpuDevice::open());
    if let Err(error) = &found {
        println!("\nEvery test but one is ignored: {error}");
    }
    let missing = found.is_err();
    let mut trials: Vec<Trial> = files()
        .into_iter()
        .map(|(file, text)| {
            let run = move || changes_are_noticed(file, text, all);
            Trial::test(format!("{file}.wgsl"), run).with_ignored_flag(missing)
        })
        .collect();
    trials.push(Trial::test("the_list_is_of_today", the_list_is_of_today));
    libtest_mimic::run(&arguments, trials).exit();
}

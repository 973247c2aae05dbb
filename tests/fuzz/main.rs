//! Broken and hostile inputs in great number: each gives an answer or an error that says something, and
//! none a panic, an endless wait, or more memory than is allowed.
//!
//! An input follows from its kind and its seed alone. As a test a fixed number of each kind is tried;
//! `make fuzz` goes on for as long as it is told:
//!
//! ```text
//! FUZZ_SECONDS=3600 cargo test --features cli --test fuzz -- --nocapture
//! FUZZ_KIND=checkpoints FUZZ_SEED=123 cargo test --features cli --test fuzz     # one input again
//! ```

mod checkpoints;
mod guard;
mod mutate;
mod settings;
mod texts;
mod tokenizers;

use guard::Guard;
use mutate::Random;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// A kind of input: one input of its seed, tried out. What is wrong with it panics.
struct Kind {
    name: &'static str,
    /// Inputs in a test.
    count: u64,
    try_out: fn(&mut Random),
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "checkpoints",
        count: 1500,
        try_out: checkpoints::try_out,
    },
    Kind {
        name: "tokenizers",
        count: 1500,
        try_out: tokenizers::try_out,
    },
    Kind {
        name: "settings",
        count: 3000,
        try_out: settings::try_out,
    },
    Kind {
        name: "texts",
        count: 600,
        try_out: texts::try_out,
    },
];

/// Bytes that an input may make the engine take: as little as lets small seeds through, so that whatever
/// grows by a number of the input is seen to.
const BUDGET: u64 = 64 << 20;
/// What may be taken besides what is asked for: small things, and the input itself in its forms.
const BESIDES: usize = 64 << 20;

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number, but is {text:?}")),
    )
}

/// Tries out one input; what it panicked with, if it did.
fn fails(kind: &Kind, seed: u64) -> Option<String> {
    let guard = Guard::begin(kind.name, seed, BUDGET as usize + BESIDES);
    let tried = catch_unwind(AssertUnwindSafe(|| (kind.try_out)(&mut Random::new(seed))));
    let peak = guard.end();
    match tried {
        Err(panic) => {
            let text = (panic.downcast_ref::<String>().map(String::as_str))
                .or(panic.downcast_ref::<&str>().copied());
            Some(text.unwrap_or("a panic").to_string())
        }
        Ok(()) if peak > BUDGET as usize + BESIDES => Some(format!("it took {} MiB", peak >> 20)),
        Ok(()) => None,
    }
}

/// Tries out inputs from a seed on while `goes_on(tried)`; how many, and those that failed.
fn run(kind: &Kind, first: u64, goes_on: impl Fn(u64) -> bool) -> (u64, Vec<String>) {
    let (mut tried, mut failed) = (0, Vec::new());
    while goes_on(tried) && failed.len() < 10 {
        let seed = first + tried;
        tried += 1;
        if let Some(why) = fails(kind, seed) {
            failed.push(format!("FUZZ_KIND={} FUZZ_SEED={seed}: {why}", kind.name));
        }
    }
    (tried, failed)
}

#[test]
fn every_input_gives_an_answer_or_a_reason() {
    wavefield::memory::set_budget(BUDGET);
    let only = std::env::var("FUZZ_KIND").ok();
    let seconds = variable("FUZZ_SECONDS");
    let chosen: Vec<&Kind> = (KINDS.iter())
        .filter(|kind| only.as_ref().is_none_or(|only| only == kind.name))
        .collect();
    assert!(!chosen.is_empty(), "FUZZ_KIND names no kind");
    let share = seconds.map(|all| Duration::from_secs_f64(all as f64 / chosen.len() as f64));
    let mut failures = Vec::new();
    for kind in chosen {
        let began = Instant::now();
        let (tried, failed) = match (variable("FUZZ_SEED"), share) {
            (Some(seed), None) => run(kind, seed, |tried| tried < 1),
            // A long run begins where it is told, or where no other began: at the time.
            (seed, Some(share)) => {
                let first = seed.unwrap_or_else(|| 1_000_000 * now());
                run(kind, first, |_| began.elapsed() < share)
            }
            (None, None) => run(kind, 0, |tried| tried < kind.count),
        };
        println!("{tried} {} tried, {} failed", kind.name, failed.len());
        failures.extend(failed);
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn now() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed();
    since.map_or(0, |since| since.as_secs())
}

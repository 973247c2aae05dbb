//! `wavefield prove`: how far the graphics adapter is off in each respect, and what is allowed.

use super::print_json;
use clap::Args;
use serde::Serialize;
use std::time::Instant;
use wavefield::backend::gpu::{AdapterReport, GpuDevice};
use wavefield::backend::wait;
use wavefield::error::{Error, Result};
use wavefield::train::proof::{Check, FACTOR, Part, all_parts, parts, prove_parts};

#[derive(Args)]
pub struct Prove {
    /// Prove what trainings prove for themselves too: large matrices and every length of line.
    #[arg(long)]
    thorough: bool,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Found {
    adapter: AdapterReport,
    checks: Vec<Check>,
    /// The first time, with the shaders' compilation, and once more.
    milliseconds: [f64; 2],
    pipelines: usize,
    /// The milliseconds of each part by itself, by its first check.
    parts: Vec<(String, f64)>,
}

impl Prove {
    pub fn run(self) -> Result<()> {
        let device = wait(GpuDevice::open())?;
        let all = if self.thorough { all_parts() } else { parts() };
        let prove = |parts: &[Part]| -> Result<(Vec<Check>, f64)> {
            let started = Instant::now();
            let checks = wait(prove_parts(&device, parts))?;
            Ok((checks, 1e3 * started.elapsed().as_secs_f64()))
        };
        let (checks, first) = prove(&all)?;
        let (_, again) = prove(&all)?;
        let mut each = Vec::new();
        for part in &all {
            let (checks, time) = prove(std::slice::from_ref(part))?;
            each.push((checks[0].what.clone(), time));
        }
        let found = Found {
            adapter: device.report().clone(),
            checks,
            milliseconds: [first, again],
            pipelines: device.pipeline_count(),
            parts: each,
        };
        let wrong = found.checks.iter().filter(|check| !check.passes()).count();
        match self.json {
            true => print_json(&serde_json::json!({ "prove": &found })),
            false => print(&found),
        }
        match wrong {
            0 => Ok(()),
            count => Err(Error::Device {
                message: format!(
                    "{} computes wrong numbers in {count} of {} respects; train on the processor",
                    found.adapter.name,
                    found.checks.len()
                ),
            }),
        }
    }
}

fn print(found: &Found) {
    println!("{}, {}", found.adapter.name, found.adapter.driver);
    println!(
        "{:<72} {:>9} {:>9} {:>9}",
        "", "off by", "honest", "allowed"
    );
    for check in &found.checks {
        println!(
            "{:<72} {:>9.1e} {:>9.1e} {:>9.1e}{}",
            check.what,
            check.error,
            check.allowed / FACTOR,
            check.allowed,
            if check.passes() { "" } else { "  WRONG" }
        );
    }
    let [first, again] = found.milliseconds;
    println!(
        "{} respects, {} shaders; {first:.0} ms with their compilation, {again:.0} ms once more, of which",
        found.checks.len(),
        found.pipelines
    );
    for (what, time) in &found.parts {
        println!("{time:>8.1} ms with {what}");
    }
}

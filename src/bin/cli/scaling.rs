//! `wavefield scaling`: how the time of one layer's mixing of tokens grows with the length of the text.

use super::print_json;
use clap::Args;
use std::time::Instant;
use wavefield::backend::gpu::GpuDevice;
use wavefield::backend::{Device, wait};
use wavefield::config::Architecture;
use wavefield::error::{Error, Result};
use wavefield::scaling::{
    Crossover, LENGTHS, Measurement, Mixing, Order, TrainingMeasurement, TrainingOrder, crossover,
    expected, fit, measure, measure_training, verify,
};

#[derive(Args)]
pub struct Scaling {
    /// Channels of a token.
    #[arg(long, default_value_t = 128)]
    width: usize,
    /// Heads that share the channels.
    #[arg(long, default_value_t = 8)]
    heads: usize,
    /// The longest text, in tokens; lengths double from 128.
    #[arg(long, default_value_t = 32_768)]
    longest: usize,
    /// Leave out what is expected to take more seconds than this for one run.
    #[arg(long, default_value_t = 20.0)]
    limit: f64,
    /// Measure whole training steps instead: two layers of a wave model and of a standard Transformer.
    #[arg(long)]
    training: bool,
    /// Measure on the graphics adapter.
    #[arg(long)]
    gpu: bool,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

/// What was measured in one way: (length, seconds).
type Points = Vec<(usize, f64)>;

impl Scaling {
    pub fn run(self) -> Result<()> {
        let gpu = match self.gpu {
            true => Some(wait(GpuDevice::open())?),
            false => None,
        };
        if let Some(gpu) = &gpu {
            wait(verify(gpu, self.width, self.heads))?;
        }
        if self.training {
            return self.train(gpu.as_ref());
        }
        let ways = Mixing::ALL;
        if !self.json {
            println!("{}", self.title(gpu.as_ref()));
            print!("{:>7}", "tokens");
            ways.iter().for_each(|m| print!("{:>18}", m.name()));
            println!("   milliseconds, and how many times those of the first");
        }
        let mut all: Vec<_> = ways.iter().map(|way| (*way, Points::new())).collect();
        let mut measurements: Vec<Measurement> = Vec::new();
        for length in LENGTHS.into_iter().filter(|length| *length <= self.longest) {
            for (mixing, points) in &mut all {
                if expected(*mixing, points, length).is_some_and(|time| time > self.limit) {
                    continue;
                }
                let device = gpu.clone().map_or_else(Device::cpu, Device::gpu);
                let found = self.measure(device, *mixing, length)?;
                points.push((length, found.times.seconds));
                measurements.push(found);
            }
            if !self.json {
                print_row(length, &all);
            }
        }
        if self.json {
            print_json(&serde_json::json!({ "scaling": measurements }));
        } else {
            print_growth(&all);
        }
        Ok(())
    }

    /// Training steps, length by length.
    fn train(&self, gpu: Option<&GpuDevice>) -> Result<()> {
        if !self.json {
            println!(
                "Training steps of two layers of {} channels and {} heads, on {}: tokens a second",
                self.width,
                self.heads,
                device_name(gpu)
            );
            println!("{:>7}{:>18}{:>18}", "tokens", "waves", "Transformer");
        }
        let mut all = [Architecture::Wave, Architecture::Standard].map(|a| (a, Points::new()));
        let mut measurements: Vec<TrainingMeasurement> = Vec::new();
        for length in LENGTHS.into_iter().filter(|length| *length <= self.longest) {
            let mut row = format!("{length:>7}");
            for (architecture, points) in &mut all {
                // A step's time grows between the length and its square, which attention comes to.
                let growth = match architecture {
                    Architecture::Wave => Mixing::Recurrence,
                    Architecture::Standard => Mixing::Attention,
                };
                if expected(growth, points, length).is_some_and(|time| time > self.limit) {
                    row += &format!("{:>18}", "left out");
                    continue;
                }
                let order = TrainingOrder {
                    architecture: *architecture,
                    length,
                    width: self.width,
                    heads: self.heads,
                };
                let device = gpu.cloned().map_or_else(Device::cpu, Device::gpu);
                let began = Instant::now();
                let found = measure_training(device, order, &|| began.elapsed().as_secs_f64())?;
                let rate = found.tokens as f64 / found.times.seconds;
                let mark = if found.recomputed { "*" } else { " " };
                row += &format!("{rate:>17.0}{mark}");
                points.push((length, found.times.seconds));
                measurements.push(found);
            }
            if !self.json {
                println!("{row}");
            }
        }
        if self.json {
            print_json(&serde_json::json!({ "training": measurements }));
        } else if measurements.iter().any(|found| found.recomputed) {
            println!("* each layer computed twice, as all of them would not have fitted in memory");
        }
        Ok(())
    }

    fn title(&self, gpu: Option<&GpuDevice>) -> String {
        format!(
            "One layer of {} channels and {} heads, forward, one text, on {}:",
            self.width,
            self.heads,
            device_name(gpu)
        )
    }

    fn measure(&self, device: Device, mixing: Mixing, length: usize) -> Result<Measurement> {
        let order = Order {
            mixing,
            length,
            width: self.width,
            heads: self.heads,
        };
        let began = Instant::now();
        wait(measure(device, order, &|| began.elapsed().as_secs_f64())).map_err(|error| match error
        {
            Error::Config { field, message } => Error::Config {
                field,
                message: format!("{} at {length} tokens: {message}", mixing.name()),
            },
            error => error,
        })
    }
}

fn device_name(gpu: Option<&GpuDevice>) -> String {
    match gpu {
        None => format!("the processor, {} thread(s)", rayon::current_num_threads()),
        Some(gpu) if gpu.report().software => format!(
            "{} (computes on the CPU: its speed says nothing of a graphics card)",
            gpu.report().name
        ),
        Some(gpu) => gpu.report().name.clone(),
    }
}

fn at(points: &Points, length: usize) -> Option<f64> {
    points.iter().find(|(n, _)| *n == length).map(|(_, s)| *s)
}

fn print_row(length: usize, all: &[(Mixing, Points)]) {
    let waves = at(&all[0].1, length);
    print!("{length:>7}");
    for (_, points) in all {
        match at(points, length) {
            None => print!("{:>18}", "left out"),
            Some(seconds) => print!("{:>18.3}", 1e3 * seconds),
        }
    }
    for (_, points) in &all[1..] {
        if let (Some(waves), Some(seconds)) = (waves, at(points, length)) {
            print!("{:>9.2}", seconds / waves);
        }
    }
    println!();
}

fn print_growth(all: &[(Mixing, Points)]) {
    for (mixing, points) in all {
        if let Some(exponent) = fit(points) {
            println!("{}: time grows like length^{exponent:.2}", mixing.name());
        }
    }
    let (waves, rest) = all.split_first().expect("there are several ways");
    for (mixing, points) in rest {
        let words = match crossover(&waves.1, points) {
            None => continue,
            Some(Crossover::Always) => "at every length measured".to_string(),
            Some(Crossover::From(length)) => format!("from about {length:.0} tokens on"),
            Some(Crossover::NotUpTo(length)) => format!("not up to {length} tokens"),
        };
        println!("{} over {}: faster {words}", all[0].0.name(), mixing.name());
    }
}

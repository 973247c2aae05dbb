//! The command line: `wavefield train|generate|eval|inspect|bench|scaling`.

#[path = "cli/mod.rs"]
mod cli;

use clap::Parser;

fn main() -> std::process::ExitCode {
    match cli::Command::parse().run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            cli::tell(&format!("wavefield: {error}"));
            std::process::ExitCode::FAILURE
        }
    }
}

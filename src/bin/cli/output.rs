//! What the commands print. Whoever reads it may have had enough, as `| head` has: then the command
//! ends, quietly, with the status that a shell gives to a program which a closed pipe has ended.

use std::io::{ErrorKind, Write, stderr, stdout};

/// 128 and the number of SIGPIPE.
const PIPE_CLOSED: i32 = 141;

// In place of the standard library's, which panic when the reader has gone.
macro_rules! print {
    ($($words:tt)*) => { $crate::cli::output::print_text(&format!($($words)*)) };
}
macro_rules! println {
    () => { $crate::cli::output::print_text("\n") };
    ($($words:tt)*) => { $crate::cli::output::print_text(&(format!($($words)*) + "\n")) };
}
macro_rules! eprintln {
    ($($words:tt)*) => { $crate::cli::tell(&format!($($words)*)) };
}

/// Prints an object for programs.
pub fn print_json(value: &impl serde::Serialize) {
    let text = serde_json::to_string(value).expect("plain data has a JSON form");
    print_text(&(text + "\n"));
}

/// Prints a piece of text at once.
pub fn print_text(text: &str) {
    let mut out = stdout();
    end_if_closed(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Says a line beside the results: progress, notes, errors.
pub fn tell(line: &str) {
    if !told(line) {
        leave();
    }
}

/// The same, for a command that has something to put away first where nobody reads any more: false
/// then.
pub fn told(line: &str) -> bool {
    let written = stderr().write_all(format!("{line}\n").as_bytes());
    !written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Ends the program as a closed pipe does.
pub fn leave() -> ! {
    std::process::exit(PIPE_CLOSED)
}

fn end_if_closed(written: std::io::Result<()>) {
    let Err(error) = written else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        leave();
    }
    // A full disk, for instance: half a result must not pass for a whole one.
    let _ = stderr()
        .write_all(format!("wavefield: the output could not be written: {error}\n").as_bytes());
    std::process::exit(1);
}

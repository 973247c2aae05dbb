//! Changes that make no difference, or none that is larger than rounding: `equivalent.txt`. Each has its
//! reason there, and where there is one, a larger change of the same place that must be noticed.

use crate::list::Change;

/// Why one change need not be noticed.
#[derive(Debug)]
pub struct Equivalent {
    file: &'static str,
    was: &'static str,
    nth: usize,
    /// What is tried instead.
    pub instead: Option<&'static str>,
    text: &'static str,
}

impl Equivalent {
    /// Whether a change is this one.
    pub fn is(&self, change: &Change) -> bool {
        self.file == change.mutant.file
            && self.text == change.text
            && self.was == change.was
            && self.nth == change.nth
    }
}

/// The whole list.
///
/// # Panics
/// When a line of it is not as its head says.
pub fn list() -> Vec<Equivalent> {
    let lines = include_str!("equivalent.txt").lines();
    let entries = lines.filter(|line| !line.starts_with('#')).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [file, was, nth, instead, _why, text] = columns[..] else {
            panic!("six columns, not {line:?}");
        };
        Equivalent {
            file,
            was,
            nth: nth.parse().expect("a number"),
            instead: (instead != "-").then_some(instead),
            text,
        }
    });
    entries.collect()
}

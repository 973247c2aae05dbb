//! Changes that make no difference, or none that is larger than rounding, each with its reason; and
//! a larger change of the same place that does, where there is one.

use crate::list::Change;

/// Why one change need not be noticed.
#[derive(Debug)]
pub struct Equivalent {
    file: &'static str,
    /// The line's text, what stands there, and which one of those it is.
    text: &'static str,
    was: &'static str,
    nth: usize,
    /// What is tried instead.
    pub instead: Option<&'static str>,
    #[allow(dead_code)] // Read by people.
    why: &'static str,
}

impl Equivalent {
    /// The entry of a change, if it has one.
    pub fn of(change: &Change) -> Option<&'static Self> {
        EQUIVALENT.iter().find(|entry| entry.is(change))
    }

    pub fn is(&self, change: &Change) -> bool {
        self.file == change.mutant.file
            && self.text == change.text
            && self.was == change.was
            && self.nth == change.nth
    }
}

pub const EQUIVALENT: &[Equivalent] = &[];

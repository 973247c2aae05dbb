//! Shaders with one place changed, for the test that holds that the proof notices every such change.
//! No part of what ships.

use super::shaders;
use std::ops::Range;

/// A change to one place of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Mutant {
    /// The file in `src/kernels`, without its ending.
    pub file: &'static str,
    /// The bytes that are replaced, and by what.
    pub range: Range<usize>,
    pub with: String,
}

impl Mutant {
    /// A text with the change.
    pub fn applied_to(&self, text: &str) -> String {
        let mut text = text.to_string();
        text.replace_range(self.range.clone(), &self.with);
        text
    }
}

/// Every file that shaders are made of: its name without its ending, and its text.
pub fn files() -> Vec<(&'static str, &'static str)> {
    shaders::all_files()
}

/// Whether a file is part of a shader.
pub fn is_part(file: &str, shader: &str) -> bool {
    shaders::is_part(file, shader)
}

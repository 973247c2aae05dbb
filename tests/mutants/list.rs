//! Every constant and every comparison of a shader file, each changed a little.

use wavefield::backend::gpu::mutant::Mutant;

/// A change, and where it is for a person to read.
#[derive(Debug, Clone)]
pub struct Change {
    pub mutant: Mutant,
    /// The line's number from 1, its text, and what stands there.
    pub line: usize,
    pub text: String,
    pub was: String,
    /// Which one of those that are spelled alike in its line, from 0.
    pub nth: usize,
}

impl Change {
    pub fn described(&self) -> String {
        format!(
            "{}.wgsl:{}: {} for {} in `{}`",
            self.mutant.file, self.line, self.mutant.with, self.was, self.text
        )
    }
}

/// The changes of a file, in its order.
pub fn changes(file: &'static str, text: &str) -> Vec<Change> {
    let mut all = Vec::new();
    let mut start = 0;
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().expect("there is a first part");
        let mut found: Vec<Change> = Vec::new();
        for (at, was, with) in places(code) {
            // In a loop it would never end, and what never ends is no wrong number.
            if code.contains("for (") && was == ">" && code[at..].starts_with("> 0u") {
                continue;
            }
            found.push(Change {
                nth: found.iter().filter(|change| change.was == was).count(),
                mutant: Mutant {
                    file,
                    range: start + at..start + at + was.len(),
                    with,
                },
                line: number + 1,
                text: line.trim().to_string(),
                was: was.to_string(),
            });
        }
        all.extend(found);
        start += line.len() + 1;
    }
    all
}

/// Where something can be changed in a line of code: what is there, and by what.
fn places(code: &str) -> Vec<(usize, &str, String)> {
    let mut places = Vec::new();
    let bytes = code.as_bytes();
    let mut at = 0;
    while at < code.len() {
        if bytes[at] == b'@' {
            // Bindings, locations and sizes of workgroups: no part of what is computed.
            at = after_attribute(code, at);
        } else if let Some((was, with)) = comparison(&code[at..]) {
            places.push((at + 1, was, with.to_string()));
            at += 1 + was.len();
        } else if bytes[at].is_ascii_digit() && !(at > 0 && is_name(bytes[at - 1])) {
            let len = literal(&code[at..]);
            let was = &code[at..at + len];
            at += len;
            // The size of a type only has to suffice.
            if bytes.get(at) != Some(&b'>') {
                places.push((at - len, was, changed(was)));
            }
        } else {
            at += 1;
        }
    }
    places
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}

fn after_attribute(code: &str, at: usize) -> usize {
    let rest = &code[at + 1..];
    let name = rest.bytes().take_while(|b| is_name(*b)).count();
    match rest[name..].starts_with('(') {
        true => at + 1 + rest.find(')').map_or(rest.len(), |end| end + 1),
        false => at + 1 + name,
    }
}

/// A comparison behind a space: what it is, and what it becomes.
fn comparison(code: &str) -> Option<(&'static str, &'static str)> {
    const COMPARISONS: [(&str, &str); 8] = [
        ("<", "<="),
        ("<=", "<"),
        (">", ">="),
        (">=", ">"),
        ("==", "!="),
        ("!=", "=="),
        ("&&", "||"),
        ("||", "&&"),
    ];
    let rest = code.strip_prefix(' ')?;
    let found = COMPARISONS.iter();
    let mut found = found.filter(|(was, _)| {
        rest.strip_prefix(was)
            .is_some_and(|after| after.starts_with(' '))
    });
    found.next().copied()
}

/// The length of the number that a text begins with.
fn literal(code: &str) -> usize {
    let bytes = code.as_bytes();
    let hexadecimal = code.starts_with("0x");
    (1..bytes.len())
        .find(|i| {
            let sign = matches!(bytes[*i], b'-' | b'+') && bytes[i - 1] == b'e' && !hexadecimal;
            !is_name(bytes[*i]) && !sign
        })
        .unwrap_or(bytes.len())
}

/// A number that is another one: whole ones by one, others by a tenth.
fn changed(was: &str) -> String {
    let (digits, suffix) = match was.strip_suffix('u') {
        Some(digits) => (digits, "u"),
        None => (was, ""),
    };
    if let Some(digits) = digits.strip_prefix("0x") {
        let value = u32::from_str_radix(digits, 16).expect("a number");
        return format!("0x{:X}{suffix}", value.wrapping_add(1));
    }
    if digits.contains(['.', 'e']) {
        let value: f64 = digits.parse().expect("a number");
        let value = if value == 0.0 { 0.1 } else { 0.9 * value };
        return format!("{value:e}");
    }
    let value: u64 = digits.parse().expect("a number");
    format!("{}{suffix}", value + 1)
}

//! Random changes to something sound: to bytes, to JSON, to a text.

use serde_json::{Map, Value, json};
use wavefield::rng::Philox;

/// Random numbers of a seed, one after another.
pub struct Random {
    source: Philox,
    drawn: u64,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Random {
            source: Philox::new(seed, 77),
            drawn: 0,
        }
    }

    /// 0..below.
    pub fn below(&mut self, below: usize) -> usize {
        self.drawn += 1;
        self.source.below(self.drawn, below as u64) as usize
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// Numbers at which programs go wrong.
pub const NUMBERS: [f64; 30] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    3.0,
    7.0,
    16.0,
    17.0,
    33.0,
    255.0,
    256.0,
    257.0,
    1e3,
    1e5,
    65_535.0,
    65_536.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    2_147_483_647.0,
    4_294_967_296.0,
    9_007_199_254_740_993.0,
    1e19,
    1e38,
    3.5e38,
    1e308,
    0.5,
    1e-45,
    1e-320,
];

/// A value of any kind.
pub fn odd_value(random: &mut Random) -> Value {
    match random.below(12) {
        0 => Value::Null,
        1 => json!(random.once_in(2)),
        2 => json!(""),
        3 => json!(odd_text(random)),
        4 => json!([]),
        5 => json!({}),
        6 => json!("x".repeat(random.pick(&[100, 10_000, 200_000]))),
        7 => json!(vec![random.below(300); random.pick(&[1, 2, 1000])]),
        8 => nested(random.pick(&[2, 50, 120])),
        // Numbers as texts.
        9 => json!(random.pick(&["NaN", "inf", "-1", "1e9", "0x10", "18446744073709551616"])),
        _ => odd_number(random),
    }
}

pub fn odd_number(random: &mut Random) -> Value {
    let number = random.pick(&NUMBERS);
    let number = if random.once_in(3) { -number } else { number };
    match number.fract() == 0.0 && number.abs() < 1e19 && !random.once_in(4) {
        true if number < 0.0 => json!(number as i64),
        true => json!(number as u64),
        false => json!(number),
    }
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| json!([inner]))
}

/// Pieces that decoders and cutters stumble over.
pub fn odd_text(random: &mut Random) -> String {
    const PIECES: [&str; 20] = [
        "a",
        " ",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "é",
        "e\u{301}",
        "🙂",
        "👩‍👩‍👧‍👦",
        "\u{feff}",
        "\u{2028}",
        "\u{10ffff}",
        "\u{fffd}",
        "don't",
        "123456",
        "  ",
        "ı",
        "ß",
        "\u{200d}",
    ];
    (0..random.below(40))
        .map(|_| random.pick(&PIECES))
        .collect()
}

/// Changes one place of a value: replaced, removed, doubled, or given another's name.
pub fn change(value: &mut Value, random: &mut Random) {
    // Down to some place, and not always to the last one.
    let deeper = !random.once_in(5);
    match value {
        Value::Object(fields) if deeper && !fields.is_empty() => {
            let name = fields.keys().nth(random.below(fields.len())).cloned();
            change_field(fields, &name.expect("it was counted"), random);
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let at = random.below(items.len());
            match random.below(6) {
                0 => drop(items.remove(at)),
                1 => items.insert(at, items[at].clone()),
                2 => items.truncate(at),
                3 => {
                    let other = random.below(items.len());
                    items.swap(at, other);
                }
                _ => change(&mut items[at], random),
            }
        }
        _ => *value = odd_value(random),
    }
}

fn change_field(fields: &mut Map<String, Value>, name: &str, random: &mut Random) {
    match random.below(8) {
        0 => drop(fields.remove(name)),
        1 => {
            let value = fields[name].clone();
            fields.insert(format!("{name}{}", odd_text(random)), value);
        }
        2 => {
            let value = fields.remove(name).expect("it has this name");
            fields.insert(odd_text(random), value);
        }
        3 => {
            let value = odd_value(random);
            fields.insert(name.into(), value);
        }
        4 if fields[name].is_number() => {
            let value = odd_number(random);
            fields.insert(name.into(), value);
        }
        _ => change(&mut fields[name], random),
    }
}

/// Changes bytes anywhere.
pub fn change_bytes(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..1 + random.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.pick(b"0123456789[]{}\",:-e.\\"),
            2 => bytes[at] = random.below(256) as u8,
            3 => bytes.truncate(at),
            4 => {
                let byte = random.below(256) as u8;
                bytes.insert(at, byte);
            }
            _ => {
                let end = (at + 1 + random.below(16)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let place = random.below(bytes.len());
                bytes.splice(place..place, copy);
            }
        }
    }
}

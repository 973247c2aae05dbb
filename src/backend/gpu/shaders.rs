//! The shaders' texts: `common.wgsl`, the constants that the caller chooses, the kernel's file, and
//! before it the files that it builds on.

use super::program::PipelineKey;

/// A file in `src/kernels`: its name without its ending, and its text without what only people read.
pub type File = (&'static str, &'static str);

macro_rules! file {
    ($name:literal) => {{
        const TEXT: &str = include_str!(concat!("../../kernels/", $name, ".wgsl"));
        const LEN: usize = plain::<0>(TEXT).1;
        const PLAIN: &[u8] = &plain::<LEN>(TEXT).0;
        const FILE: File = match str::from_utf8(PLAIN) {
            Ok(text) => ($name, text),
            Err(_) => panic!("whole characters are left out, or none of one"),
        };
        FILE
    }};
}

/// A text without comments, indents and empty lines, as far as it fits in N bytes, and how long all of
/// it is: a third of the files is for people, and would travel with the page. What [`unroll`] reads
/// stays.
const fn plain<const N: usize>(text: &str) -> ([u8; N], usize) {
    let text = text.as_bytes();
    let (mut plain, mut len) = ([0; N], 0);
    let mut at = 0;
    while at < text.len() {
        while at < text.len() && text[at] == b' ' {
            at += 1;
        }
        let (begin, mut end) = (at, at);
        let mut comment = false;
        while at < text.len() && text[at] != b'\n' {
            let note = begins(text, at, b"//");
            let order =
                at == begin && (begins(text, at, b"//repeat ") || begins(text, at, b"//end"));
            comment = comment || note && !order;
            // What an order begins with is no comment in itself.
            at += if order { 2 } else { 1 };
            if !comment && text[at - 1] != b' ' {
                end = at;
            }
        }
        at += 1;
        let mut from = begin;
        while from < end {
            if len < N {
                plain[len] = text[from];
            }
            (from, len) = (from + 1, len + 1);
        }
        if end > begin {
            if len < N {
                plain[len] = b'\n';
            }
            len += 1;
        }
    }
    (plain, len)
}

/// Whether these bytes stand there.
const fn begins(text: &[u8], at: usize, wanted: &[u8]) -> bool {
    let mut i = 0;
    while i < wanted.len() && at + i < text.len() && text[at + i] == wanted[i] {
        i += 1;
    }
    i == wanted.len()
}

const FFT: File = file!("fft");
const LINES: File = file!("field_lines");
const ROWS: File = file!("rows");
const TURNS: File = file!("turns");
const WAVE: File = file!("wave");
const COMMON: File = file!("common");

/// Every shader, by the name of its file: what it builds on, and itself.
pub const SHADERS: &[(&str, &[File])] = &[
    (
        "field_convolution",
        &[FFT, LINES, file!("field_convolution")],
    ),
    ("field_passes", &[FFT, LINES, file!("field_passes")]),
    (
        "field_recurrence",
        &[TURNS, file!("field_way"), file!("field_recurrence")],
    ),
    ("wave_kernel", &[TURNS, WAVE, file!("wave_kernel")]),
    ("wave_rotation", &[TURNS, WAVE, file!("wave_rotation")]),
    ("matrix_product", &[file!("matrix_product")]),
    ("attention", &[file!("attention_tiles"), file!("attention")]),
    ("adamw", &[file!("adamw")]),
    ("couple_gate", &[file!("couple_gate")]),
    ("cross_entropy", &[ROWS, file!("cross_entropy")]),
    ("deposit", &[ROWS, file!("deposit")]),
    ("direct_convolution", &[file!("direct_convolution")]),
    ("dropout", &[file!("dropout")]),
    ("embedding", &[file!("embedding")]),
    ("interference", &[ROWS, file!("interference")]),
    ("layer_norm", &[ROWS, file!("layer_norm")]),
    ("near_field", &[file!("near_field")]),
    ("prefix_mean", &[file!("prefix_mean")]),
    ("rotary", &[file!("rotary")]),
    ("swiglu", &[file!("swiglu")]),
    ("zero", &[file!("zero")]),
];

/// Ways in which a test can make a device fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Shaders do not compile any more.
    Shader,
    /// Matrix products come out slightly wrong.
    Numbers,
}

/// What a test makes of the shaders.
#[derive(Default)]
pub struct Changes {
    pub sabotage: Option<Sabotage>,
    #[cfg(feature = "mutants")]
    pub mutant: Option<super::mutant::Mutant>,
}

impl Changes {
    /// A file's text as it is to be compiled.
    fn text(&self, file: &File) -> String {
        let (_, text) = file;
        #[cfg(feature = "mutants")]
        if let Some(mutant) = self.mutant.as_ref().filter(|mutant| mutant.file == file.0) {
            return mutant.applied_to(text);
        }
        (*text).to_string()
    }
}

/// The text of a pipeline's shader.
///
/// # Panics
/// When there is no such shader.
pub fn source(key: &PipelineKey, changes: &Changes) -> String {
    let mut source = changes.text(&COMMON);
    for (name, value) in &key.constants {
        source += &format!("const {name} = {value}u;\n");
    }
    for file in files(key.shader) {
        source += &unroll(&changes.text(file));
    }
    match changes.sabotage {
        None => source,
        Some(Sabotage::Shader) => source + "this is not a shader",
        Some(Sabotage::Numbers) => {
            source.replace("let product = sum;", "let product = sum * 1.01;")
        }
    }
}

/// A shader's files, but for what all share.
///
/// # Panics
/// When there is no such shader.
fn files(shader: &str) -> &'static [File] {
    let found = SHADERS.iter().find(|(name, _)| *name == shader);
    found
        .unwrap_or_else(|| panic!("there is no shader {shader:?}"))
        .1
}

/// Whether a file is part of a shader.
#[cfg(feature = "mutants")]
pub fn is_part(file: &str, shader: &str) -> bool {
    file == COMMON.0 || files(shader).iter().any(|(name, _)| *name == file)
}

/// Every file, once.
#[cfg(feature = "mutants")]
pub fn all_files() -> Vec<File> {
    let mut all = vec![COMMON];
    for file in SHADERS.iter().flat_map(|(_, files)| *files) {
        if !all.contains(file) {
            all.push(*file);
        }
    }
    all
}

/// Writes out the lines between `//repeat NAME COUNT` and `//end` COUNT times, with `{NAME}` as the
/// number of the round. Not every compiler unrolls a loop, and registers cannot be indexed.
fn unroll(text: &str) -> String {
    let mut result = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(head) = line.trim_start().strip_prefix("//repeat ") else {
            result += line;
            result.push('\n');
            continue;
        };
        let (name, count) = head.split_once(' ').expect("//repeat NAME COUNT");
        let count: usize = count.trim().parse().expect("//repeat NAME COUNT");
        let body: Vec<&str> = lines
            .by_ref()
            .take_while(|line| line.trim() != "//end")
            .collect();
        for round in 0..count {
            for line in &body {
                result += &line.replace(&format!("{{{name}}}"), &round.to_string());
                result.push('\n');
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgpu::naga;
    use wgpu::naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};

    /// The constants that a shader leaves open, each way they come: short and long rows, small and
    /// large tiles in every order, the shortest and the longest lines.
    fn constants(shader: &str) -> Vec<Vec<(&'static str, u32)>> {
        let lines = |points: u32, runs: u32| {
            vec![
                ("POINTS", points),
                ("BITS", points.ilog2()),
                ("TURN", 4096 * runs),
                ("RUNS", runs),
            ]
        };
        match shader {
            "matrix_product" => (0..8)
                .map(|case| {
                    let tile = if case & 4 > 0 { 64 } else { 32 };
                    vec![
                        ("TILE_ROWS", tile),
                        ("TILE_COLUMNS", tile),
                        ("A_BY_ROWS", case & 1),
                        ("B_BY_ROWS", case >> 1 & 1),
                    ]
                })
                .collect(),
            "field_convolution" => (5..=12).map(|bits| lines(1 << bits, 1)).collect(),
            "field_passes" => (1..=5).map(|bits| lines(4096, 1 << bits)).collect(),
            "attention" => [1, 2, 8].map(|chunks| vec![("CHUNKS", chunks)]).to_vec(),
            "wave_kernel" | "wave_rotation" => vec![vec![("TURN", 4096)]],
            "field_recurrence" => (0..4)
                .map(|case| vec![("TURN", 4096), ("BACK", case & 1), ("BETWEEN", case >> 1)])
                .collect(),
            "layer_norm" => (0..4)
                .map(|case| {
                    let lanes = if case & 2 > 0 { 256 } else { 4 };
                    vec![("LANES", lanes), ("CENTRED", case & 1)]
                })
                .collect(),
            _ => [4, 256].map(|lanes| vec![("LANES", lanes)]).to_vec(),
        }
    }

    /// Bytes of workgroup memory and the number of storage buffers that an entry uses.
    fn budget(module: &naga::Module, info: &ModuleInfo, entry: usize) -> (u32, usize) {
        let used = info.get_entry_point(entry);
        let globals = module.global_variables.iter();
        let globals: Vec<_> = globals
            .filter(|(handle, _)| !used[*handle].is_empty())
            .map(|(_, global)| global)
            .collect();
        let of = |space: fn(&naga::AddressSpace) -> bool| {
            globals.iter().filter(move |g| space(&g.space))
        };
        let memory = of(|space| matches!(space, naga::AddressSpace::WorkGroup))
            .map(|global| module.types[global.ty].inner.size(module.to_ctx()))
            .sum();
        let buffers = of(|space| matches!(space, naga::AddressSpace::Storage { .. })).count();
        (memory, buffers)
    }

    /// What every WebGPU device has: 16 KiB of workgroup memory, 256 invocations, 8 storage buffers.
    #[test]
    fn every_shader_is_valid_and_within_the_budget() {
        for (shader, _) in SHADERS {
            for constants in constants(shader) {
                let key = PipelineKey {
                    shader,
                    entry: "",
                    constants,
                };
                let what = format!("{shader} {:?}", key.constants);
                let text = source(&key, &Changes::default());
                let module = naga::front::wgsl::parse_str(&text)
                    .unwrap_or_else(|error| panic!("{what}: {}", error.emit_to_string(&text)));
                let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
                    .validate(&module)
                    .unwrap_or_else(|error| panic!("{what}: {}", error.emit_to_string(&text)));
                assert!(!module.entry_points.is_empty(), "{what}");
                for (i, entry) in module.entry_points.iter().enumerate() {
                    let (memory, buffers) = budget(&module, &info, i);
                    let threads: u32 = entry.workgroup_size.iter().product();
                    let what = format!("{what}, {}", entry.name);
                    assert!(
                        memory <= 16_384,
                        "{what}: {memory} bytes of workgroup memory"
                    );
                    assert!(buffers <= 8, "{what}: {buffers} storage buffers");
                    assert!(threads <= 256, "{what}: {threads} invocations");
                }
            }
        }
    }

    #[test]
    fn what_only_people_read_is_left_out() {
        let text = "// What it is.\n\n  a / b;  // why\n    //repeat I 2\n  c{I}é //d\n\t//end\n\n//end\n//\ne";
        let (plain, len) = plain::<200>(text);
        let found = str::from_utf8(&plain[..len]).unwrap();
        assert_eq!(found, "a / b;\n//repeat I 2\nc{I}é\n\t\n//end\ne\n");
        for (shader, files) in SHADERS {
            for (name, text) in *files {
                let notes = text.lines().filter(|line| line.contains("//"));
                let orders = notes
                    .clone()
                    .filter(|line| line.starts_with("//repeat ") || *line == "//end");
                assert_eq!(notes.count(), orders.count(), "{shader}: {name}");
            }
        }
    }

    #[test]
    fn repeated_lines_are_numbered() {
        let text = "a\n//repeat I 2\n  b{I}\n  c\n//end\nd";
        assert_eq!(unroll(text), "a\n  b0\n  c\n  b1\n  c\nd\n");
    }
}

//! Texts, models and readers that go away, on the command line.
#![cfg(feature = "cli")]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use wavefield::checkpoint::Checkpoint;
use wavefield::model::Model;
use wavefield::tokenizer::Tokenizer;
use wavefield::{Architecture, ModelConfig};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wavefield-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), bytes).unwrap();
    }

    fn recipe(&self, more: &str) {
        let recipe = format!(
            r#"
            data = "text.txt"
            {more}
            [tokenizer]
            kind = "character"
            [model]
            embedding_dim = 8
            num_layers = 1
            num_heads = 2
            ffn_dim = 8
            field_size = 17
            max_seq_len = 9
            interference_interval = 2
            position_scale = 0.03
            [train]
            batch_size = 1
            seq_len = 8
            steps = 1
            warmup_steps = 0
            peak_lr = 1e-3
            "#
        );
        self.write("train.toml", recipe);
    }

    /// What comes of training on these bytes: the vocabulary, and what was said.
    fn trained(&self, bytes: &[u8]) -> (String, String) {
        self.write("text.txt", bytes);
        let output = wavefield(&["train", self.path(), "--restart", "--json"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let tokenizer = fs::read_to_string(self.0.join("tokenizer.json")).unwrap();
        let Tokenizer::Character(characters) = Tokenizer::from_json(&tokenizer).unwrap() else {
            panic!("a vocabulary of characters");
        };
        (characters.characters().iter().collect(), said)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in the system's folder for temporary files harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wavefield"));
    command.args(["--threads", "1"]).args(arguments);
    command
}

fn wavefield(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let output = wavefield(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && !said.contains("panicked"),
        "{said}"
    );
    said
}

/// A small model without a vocabulary of its own.
fn model(folder: &Folder) -> Checkpoint {
    let config = ModelConfig {
        architecture: Architecture::Wave,
        vocab_size: 5,
        embedding_dim: 8,
        num_layers: 1,
        num_heads: 2,
        ffn_dim: 8,
        field_size: 17,
        max_seq_len: 9,
        interference_interval: 2,
        position_scale: 0.03,
        ..ModelConfig::default()
    };
    folder.write(
        "tokenizer.json",
        Tokenizer::train_character("abcde").unwrap().to_json(),
    );
    folder.write("text.txt", "abcde".repeat(40));
    folder.recipe("");
    let checkpoint = Checkpoint::new(Model::new(config, 9).unwrap(), None);
    checkpoint
        .write(folder.0.join("model.safetensors"))
        .unwrap();
    checkpoint
}

/// Whoever reads it has gone before the first word: the status is what a shell gives to a program
/// that a closed pipe has ended, and nothing is said about it.
#[test]
fn a_reader_that_goes_away_ends_every_command_quietly() {
    let folder = Folder::new("pipe");
    model(&folder);
    let path = folder.path();
    let smaller = folder.0.join("smaller.safetensors");
    let smaller = smaller.to_str().unwrap();
    for arguments in [
        &["inspect", path][..],
        &["inspect", path, "--json"],
        &["eval", path],
        &["eval", path, "--json"],
        &["generate", path, "--prompt", "a"],
        &["generate", path, "--prompt", "a", "--json"],
        &["convert", path, "--precision", "int8", "--to", smaller],
        &["bench", path, "--seconds", "0.01"],
        &["bench", path, "--seconds", "0.01", "--json"],
        &["scaling", "--longest", "128"],
        &["scaling", "--longest", "128", "--json"],
        &["train", path, "--restart"],
        &["train", path, "--restart", "--json"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(141), "{arguments:?}: {said}");
        assert!(
            !said.contains("panicked") && !said.contains("wavefield:"),
            "{arguments:?}: {said}"
        );
    }
}

/// Progress and errors go to the other stream, whose reader may go away too.
#[test]
fn a_reader_of_the_progress_that_goes_away_ends_the_command_quietly() {
    let folder = Folder::new("progress");
    model(&folder);
    for arguments in [
        &["train", folder.path(), "--restart"][..],
        &["inspect", "nowhere"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = command(arguments)
            .stdout(Stdio::null())
            .stderr(writer)
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(141), "{arguments:?}");
    }
    // What was learned by then is kept.
    assert!(folder.0.join("run.safetensors").exists());
}

#[test]
fn one_text_gives_one_vocabulary_however_it_is_written() {
    let folder = Folder::new("text");
    folder.recipe("");
    let text = "é 日 the wave\nruns on, and on\n".repeat(4);
    let (plain, said) = folder.trained(text.as_bytes());
    assert!(!plain.contains('\r') && plain.contains('日'), "{plain}");
    assert!(!said.contains("text.txt"), "{said}");
    let returns = text.replace('\n', "\r\n");
    let wide: Vec<u8> = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (bytes, words) in [
        (format!("\u{feff}{text}").into_bytes(), ""),
        (returns.into_bytes(), "line ends"),
        (wide, "UTF-16"),
        (
            format!("{text}\0").into_bytes(),
            "NUL character was taken out (line 9",
        ),
    ] {
        let (found, said) = folder.trained(&bytes);
        assert_eq!(found, plain, "{words}");
        assert!(said.contains(words), "{words} not in {said}");
    }
    let mut damaged = text.clone().into_bytes();
    damaged.insert(6, 0xff);
    let (found, said) = folder.trained(&damaged);
    assert_eq!(
        found,
        format!("{plain}\u{fffd}")
            .chars()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<String>()
    );
    assert!(said.contains("0xFF at byte 7, line 1"), "{said}");
}

#[test]
fn an_older_encoding_is_named_in_the_recipe() {
    let folder = Folder::new("encoding");
    folder.recipe("");
    folder.write(
        "text.txt",
        b"In the caf\xe9 it is warm, and the tide is low.\n".repeat(4),
    );
    let said = refused(&["train", folder.path()]);
    assert!(
        said.contains("0xE9 at byte 11") && said.contains("text.txt"),
        "{said}"
    );
    folder.recipe("encoding = \"windows-1252\"");
    let bytes = b"In the caf\xe9 it is warm, and the tide is low.\n".repeat(4);
    let (found, said) = folder.trained(&bytes);
    assert!(found.contains('é'), "{found}");
    assert!(said.contains("windows-1252"), "{said}");
    folder.recipe("encoding = \"klingon\"");
    assert!(refused(&["train", folder.path()]).contains("klingon"));
    folder.recipe("");
    for (bytes, words) in [
        (&b"%PDF-1.7\n%abc"[..], "PDF"),
        (b"", "empty"),
        (b"aaaaaaaaaaaaaaaaaaaa", "one kind of character"),
    ] {
        folder.write("text.txt", bytes);
        let said = refused(&["train", folder.path()]);
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_recipe_and_a_tokenizer_may_begin_with_a_mark() {
    let folder = Folder::new("mark");
    model(&folder);
    for name in ["train.toml", "tokenizer.json"] {
        let text = fs::read_to_string(folder.0.join(name)).unwrap();
        folder.write(name, format!("\u{feff}{text}"));
    }
    assert!(wavefield(&["eval", folder.path()]).status.success());
}

#[test]
fn a_model_is_opened_from_its_parts_its_file_and_with_notes() {
    let folder = Folder::new("parts");
    let checkpoint = model(&folder);
    let inspected = |path: &Path| -> Value {
        let output = wavefield(&["inspect", path.to_str().unwrap(), "--json"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let expected = inspected(&folder.0);
    assert_eq!(inspected(&folder.0.join("model.safetensors")), expected);

    // A number in the metadata is said on the other stream.
    let bytes = checkpoint.to_bytes().unwrap();
    let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    header["__metadata__"]["epoch"] = 3.into();
    let text = header.to_string();
    let odd = [
        &(text.len() as u64).to_le_bytes(),
        text.as_bytes(),
        &bytes[8 + length..],
    ]
    .concat();
    folder.write("model.safetensors", odd);
    let output = wavefield(&["inspect", folder.path(), "--json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.contains("`epoch`"),
        "{said}"
    );

    fs::rename(
        folder.0.join("model.safetensors"),
        folder.0.join("model-00001-of-00001.safetensors"),
    )
    .unwrap();
    folder.write(
        "model.safetensors.index.json",
        r#"{"weight_map": {"norm.bias": "model-00001-of-00001.safetensors"}}"#,
    );
    let found = inspected(&folder.0);
    assert_eq!(found["parameters"], expected["parameters"]);
    folder.write(
        "model.safetensors.index.json",
        r#"{"weight_map": {"norm.bias": "../elsewhere.safetensors"}}"#,
    );
    assert!(refused(&["inspect", folder.path()]).contains("elsewhere"));
    fs::remove_file(folder.0.join("tokenizer.json")).unwrap();
    folder.write("model.safetensors", &bytes);
    assert!(refused(&["inspect", folder.path()]).contains("tokenizer.json beside the model"));
}

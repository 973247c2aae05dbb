//! The command line as a person uses it: train by a recipe, then use the folder.
#![cfg(feature = "cli")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use wavefield::checkpoint::Checkpoint;
use wavefield::tokenizer::Tokenizer;

const TEXT: &str = "the wave runs on and the field is still. ";

/// A model's folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wavefield-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn recipe(&self, steps: u64) {
        self.recipe_of(steps, "kind = \"character\"", WAVES, "");
    }

    /// With this tokenizer, shape of attention, and more of the training's settings.
    fn recipe_of(&self, steps: u64, tokenizer: &str, shape: &str, more: &str) {
        std::fs::write(self.0.join("text.txt"), TEXT.repeat(40)).unwrap();
        let recipe = format!(
            r#"
            data = "text.txt"
            evaluate_every = 20
            [tokenizer]
            {tokenizer}
            [model]
            embedding_dim = 16
            num_layers = 2
            num_heads = 2
            ffn_dim = 32
            max_seq_len = 33
            {shape}
            [train]
            batch_size = 4
            seq_len = 32
            steps = {steps}
            warmup_steps = 5
            peak_lr = 1e-2
            {more}
            "#
        );
        std::fs::write(self.0.join("train.toml"), recipe).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in the system's folder for temporary files harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Waves, and how places are told.
const WAVES: &str = "field_size = 33
    interference_interval = 2
    position_scale = 0.03";

fn wavefield(command: &str, folder: &Path, rest: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wavefield"))
        .args(["--threads", "1", command])
        .arg(folder)
        .args(rest)
        .output()
        .unwrap()
}

fn json(output: Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Options from the recipe to the file, and from there to text and figures; word pieces and bytes.
#[test]
fn options_travel_from_the_recipe_to_the_text() {
    let waves = "field_size = 33
        interference_interval = 9
        position_scale = 0.03
        norm = \"rms\"
        feed_forward = \"swiglu\"
        near_field = 4";
    let standard = "architecture = \"standard\"
        norm = \"rms\"
        feed_forward = \"swiglu\"
        positions = \"rotary\"";
    for (name, shape) in [("modern-waves", waves), ("modern-standard", standard)] {
        let folder = Folder::new(name);
        let pieces = "kind = \"bpe\"\n vocab_size = 270";
        folder.recipe_of(60, pieces, shape, "physics_lr = 3.0");
        let trained = json(wavefield("train", &folder.0, &["--json"]));
        let found = json(wavefield("eval", &folder.0, &["--json"]));
        assert_eq!(trained, found);
        let loss = found["loss"].as_f64().unwrap();
        assert!(loss < 4.0, "less than at random: {loss}");
        // From the text itself: all that was held back but its first token.
        let text = TEXT.repeat(40);
        let kept = (text.len() as f64 * 0.9).round() as usize;
        let tokenizer = std::fs::read_to_string(folder.0.join("tokenizer.json")).unwrap();
        let tokenizer = wavefield::tokenizer::Tokenizer::from_json(&tokenizer).unwrap();
        let ids = tokenizer.encode(&text[kept..]).unwrap();
        let bytes = text.len() - kept - tokenizer.decode(&ids[..1]).len();
        assert_eq!(found["tokens"], ids.len() - 1);
        assert!(bytes > ids.len(), "pieces are longer than a byte");
        let bits = loss / 2f64.ln() * (ids.len() - 1) as f64 / bytes as f64;
        let said = found["bits_per_byte"].as_f64().unwrap();
        assert!((said - bits).abs() < 1e-9, "{said} for {bits}");
        let plain = wavefield("eval", &folder.0, &[]);
        let plain = String::from_utf8(plain.stdout).unwrap();
        assert!(
            plain.contains(&format!("bits        {bits:.4} a byte")),
            "{plain}"
        );

        let inspected = json(wavefield("inspect", &folder.0, &["--json"]));
        assert_eq!(inspected["config"]["norm"], "rms");
        assert_eq!(inspected["parameters"], found["parameters"]);
        let plain = wavefield("inspect", &folder.0, &[]);
        let plain = String::from_utf8(plain.stdout).unwrap();
        assert!(
            plain.contains("options      RMS norms, a SwiGLU"),
            "{plain}"
        );
        let arguments = ["--prompt", "the wave", "--max-tokens", "12", "--seed", "3"];
        let text = wavefield("generate", &folder.0, &arguments);
        assert!(text.status.success() && !text.stdout.is_empty());
    }
    // An option that does not go with the rest is refused before anything is trained.
    let folder = Folder::new("modern-wrong");
    let wrong = standard.replace("positions", "near_field = 4\n positions");
    folder.recipe_of(60, "kind = \"character\"", &wrong, "");
    let refused = wavefield("train", &folder.0, &[]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && said.contains("near_field"),
        "{said}"
    );
}

#[test]
fn train_then_use_the_folder() {
    let folder = Folder::new("train");
    folder.recipe(60);
    let trained = json(wavefield("train", &folder.0, &["--json"]));
    let text = folder.0.join("text.txt");
    let found = json(wavefield(
        "eval",
        &folder.0,
        &["--data", text.to_str().unwrap(), "--json"],
    ));
    assert_eq!(
        trained, found,
        "what training reports is what evaluation finds"
    );
    assert!(found["loss"].as_f64().unwrap() < 2.0, "{found}");
    let loss = found["loss"].as_f64().unwrap();
    assert!((found["perplexity"].as_f64().unwrap() - loss.exp()).abs() < 1e-9);
    let bits = found["bits_per_byte"].as_f64().unwrap();
    assert!(
        (bits - loss / std::f64::consts::LN_2).abs() < 1e-9,
        "{bits}"
    );
    assert!((0.0..=1.0).contains(&found["accuracy"].as_f64().unwrap()));
    assert_eq!(
        found["tokens"], 163,
        "a tenth of the text, less the first character"
    );

    let inspected = json(wavefield("inspect", &folder.0, &["--json"]));
    assert_eq!(inspected["parameters"], found["parameters"]);
    assert_eq!(inspected["heads"].as_array().unwrap().len(), 4);
    assert!(inspected["heads"][0]["role"].is_string());

    let arguments = [
        "--prompt",
        "the wave",
        "--max-tokens",
        "12",
        "--seed",
        "3",
        "--json",
    ];
    let first = json(wavefield("generate", &folder.0, &arguments));
    let second = json(wavefield("generate", &folder.0, &arguments));
    assert_eq!(first["text"], second["text"], "one seed, one text");
    assert_eq!(first["tokens"].as_array().unwrap().len(), 12);
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_model_is_converted_to_fewer_bits_and_what_that_costs_is_said() {
    let folder = Folder::new("convert");
    folder.recipe(40);
    json(wavefield("train", &folder.0, &["--json"]));
    let evaluated = |folder: &Path| json(wavefield("eval", folder, &["--json"]))["loss"].clone();
    let before = evaluated(&folder.0);
    // The converted model in a folder of its own, beside the same recipe.
    let other = Folder::new("converted");
    other.recipe(40);
    let file = other.0.join("model.safetensors");
    let to = file.to_str().unwrap();
    let mut sizes = Vec::new();
    let mut losses = Vec::new();
    for (precision, dtype) in [("f32", "F32"), ("f16", "F16"), ("int8", "I8")] {
        let arguments = ["--to", to, "--precision", precision];
        let report = json(wavefield(
            "convert",
            &folder.0,
            &[&arguments[..], &["--json"]].concat(),
        ));
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!(report["precision"], precision);
        assert_eq!(report["bytes"], bytes.len(), "{precision}");
        assert!(
            String::from_utf8_lossy(&bytes).contains(&format!("\"dtype\":\"{dtype}\"")),
            "{precision}"
        );
        let opened = Checkpoint::from_bytes(&bytes).unwrap();
        assert!(opened.tokenizer.is_some() && opened.trainer.is_none());
        let after = evaluated(&other.0);
        assert_eq!(report["loss"][0], before, "{precision}");
        assert_eq!(report["loss"][1], after, "{precision}");

        // The same in words, and of the model's file itself.
        let output = wavefield("convert", &folder.0.join("model.safetensors"), &arguments);
        let words = String::from_utf8(output.stdout).unwrap();
        let [before, after] = [&before, &after].map(|loss| loss.as_f64().unwrap());
        for expected in [
            format!("{to} ({} bytes, {precision})", bytes.len()),
            format!("{after:.5} nats per token, {before:.5} before"),
        ] {
            assert!(words.contains(&expected), "{expected} not in {words}");
        }
        sizes.push(bytes.len());
        losses.push(after);
    }
    assert!(sizes[1] < sizes[0] && sizes[2] < sizes[1], "{sizes:?}");
    assert_eq!(losses[0], before.as_f64().unwrap());
    assert!(
        losses[1] != losses[0] && (losses[2] - losses[0]).abs() < 0.05,
        "{losses:?}"
    );
    std::fs::remove_file(folder.0.join("train.toml")).unwrap();
    let output = wavefield("convert", &folder.0, &["--to", to, "--precision", "f16"]);
    let words = String::from_utf8(output.stdout).unwrap();
    assert!(words.contains("not measured: there is no train.toml"));
}

#[test]
fn what_cannot_be_converted_is_said_and_no_file_is_touched() {
    let folder = Folder::new("unconverted");
    let kept = folder.0.join("kept.safetensors");
    std::fs::write(&kept, "an older file").unwrap();
    let to = kept.to_str().unwrap();
    let refused = |model: &Path, to: &str, precision: &str, words: &[&str]| {
        let output = wavefield("convert", model, &["--to", to, "--precision", precision]);
        let said = said(&output);
        assert!(!output.status.success() && !said.contains("panicked"));
        for word in words {
            assert!(said.contains(word), "{word} not in {said}");
        }
        assert_eq!(std::fs::read(&kept).unwrap(), b"an older file", "{words:?}");
    };
    refused(
        &folder.0,
        to,
        "int4",
        &["--precision", "expected f32, f16 or int8, found \"int4\""],
    );
    refused(&folder.0, to, "int8", &["model.safetensors"]);
    folder.recipe(1);
    json(wavefield("train", &folder.0, &["--json"]));
    let nowhere = folder.0.join("nowhere").join("file");
    refused(&folder.0, nowhere.to_str().unwrap(), "f16", &["nowhere"]);
    let path = folder.0.join("model.safetensors");
    let mut checkpoint = Checkpoint::read(&path).unwrap();
    let weights = checkpoint.model.parameters.get_mut("norm.weight").unwrap();
    weights[0] = 70_000.0;
    checkpoint.write(&path).unwrap();
    for precision in ["f16", "int8"] {
        refused(
            &folder.0,
            to,
            precision,
            &["norm.weight", "65504", "70000", "float32"],
        );
    }
    std::fs::remove_file(folder.0.join("text.txt")).unwrap();
    refused(&folder.0, to, "f32", &["text.txt"]);
}

#[test]
fn a_finished_run_is_not_trained_again_and_other_settings_are_refused() {
    let folder = Folder::new("again");
    folder.recipe(20);
    let first = json(wavefield("train", &folder.0, &["--json"]));
    let log = std::fs::read_to_string(folder.0.join("validation.csv")).unwrap();
    assert_eq!(json(wavefield("train", &folder.0, &["--json"])), first);
    assert_eq!(
        std::fs::read_to_string(folder.0.join("validation.csv")).unwrap(),
        log
    );
    // As many characters, but others: its tokens would be read as those of the old text.
    let other = TEXT.replace('w', "W").repeat(40);
    std::fs::write(folder.0.join("text.txt"), other).unwrap();
    let refused = wavefield("train", &folder.0, &[]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && message.contains("another vocabulary"),
        "{message}"
    );
    folder.recipe(40);
    let refused = wavefield("train", &folder.0, &[]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && message.contains("--restart"),
        "{message}"
    );
    assert!(
        wavefield("train", &folder.0, &["--restart", "--json"])
            .status
            .success()
    );
}

#[test]
fn a_run_that_comes_to_no_number_ends_with_a_sentence_and_keeps_what_is_good() {
    let folder = Folder::new("numbers");
    folder.recipe(60);
    let path = folder.0.join("train.toml");
    let recipe = std::fs::read_to_string(&path).unwrap();
    // Each step multiplies every weight by 1 - 10 * 10.
    let growing = recipe
        .replace("evaluate_every = 20", "evaluate_every = 1")
        .replace("warmup_steps = 5", "warmup_steps = 0\nweight_decay = 10.0")
        .replace("peak_lr = 1e-2", "peak_lr = 10.0");
    std::fs::write(&path, growing).unwrap();
    for _ in 0..2 {
        // The second time it goes on from what it kept, and ends the same.
        let output = wavefield("train", &folder.0, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{said}");
        for part in ["Training ended at step", "lower learning rate", "--restart"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let run = Checkpoint::read(folder.0.join("run.safetensors")).unwrap();
        let step = run.trainer.unwrap().step;
        assert!(said.contains(&format!("after step {step}.")), "{said}");
        let model = Checkpoint::read(folder.0.join("model.safetensors")).unwrap();
        assert!(model.model.parameters.flat().iter().all(|x| x.is_finite()));
        let log = std::fs::read_to_string(folder.0.join("validation.csv")).unwrap();
        let mut rows = log.lines().skip(1).peekable();
        assert!(rows.peek().is_some());
        for number in rows.flat_map(|row| row.split(',')) {
            assert!(number.parse::<f64>().unwrap().is_finite(), "{log}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit_of_a_model() {
    let trained = |threads: &str| {
        let folder = Folder::new(&format!("threads-{threads}"));
        folder.recipe(20);
        let output = Command::new(env!("CARGO_BIN_EXE_wavefield"))
            .args(["--threads", threads, "train"])
            .arg(&folder.0)
            .arg("--json")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        ["model.safetensors", "run.safetensors"]
            .map(|file| std::fs::read(folder.0.join(file)).unwrap())
    };
    let one = trained("1");
    for threads in ["2", "3", "8"] {
        assert!(trained(threads) == one, "{threads} threads");
    }
}

#[test]
fn a_vocabulary_beside_the_model_must_be_the_models() {
    let folder = Folder::new("vocabulary");
    folder.recipe(1);
    json(wavefield("train", &folder.0, &["--json"]));
    let path = folder.0.join("model.safetensors");
    let mut checkpoint = Checkpoint::read(&path).unwrap();
    checkpoint.tokenizer = None;
    checkpoint.write(&path).unwrap();
    let text = folder.0.join("text.txt");
    let measure = ["--data", text.to_str().unwrap(), "--validation-share", "1"];
    let whole = json(wavefield(
        "eval",
        &folder.0,
        &[&measure[..], &["--json"]].concat(),
    ));
    assert_eq!(whole["tokens"], 40 * TEXT.len() - 1, "the whole text");
    // Without the full stop, which is not in the text's first part either.
    let other = Tokenizer::train_character(&TEXT.replace('.', "")).unwrap();
    std::fs::write(folder.0.join("tokenizer.json"), other.to_json()).unwrap();
    std::fs::write(&text, TEXT.replace('.', "")).unwrap();
    let refused = wavefield("eval", &folder.0, &measure);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && message.contains("expected a vocabulary of"),
        "{message}"
    );
}

#[test]
fn what_takes_too_much_memory_is_refused_with_the_figure_and_allowed_when_asked_for() {
    let folder = Folder::new("memory");
    folder.recipe(1);
    let trained = |rest: &[&str]| wavefield("train", &folder.0, rest);
    let refused = trained(&["--memory", "300kB"]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{message}");
    for words in ["of memory, and at most 0.3 MB may be taken", "--memory"] {
        assert!(message.contains(words), "{message}");
    }
    json(trained(&["--memory", "64MB", "--json"]));
    let opened = |memory| wavefield("inspect", &folder.0, &["--memory", memory]);
    let message = String::from_utf8_lossy(&opened("100kB").stderr).into_owned();
    assert!(message.contains("of memory"), "{message}");
    assert!(opened("1 GB").status.success());
    let message = String::from_utf8_lossy(&opened("plenty").stderr).into_owned();
    assert!(message.contains("512MB or 8GB"), "{message}");
    // A recipe of a few lines that asks for gigabytes.
    let recipe = std::fs::read_to_string(folder.0.join("train.toml")).unwrap();
    let huge = recipe
        .replace("field_size = 33", "field_size = 4194304")
        .replace("num_layers = 2", "num_layers = 1024");
    std::fs::write(folder.0.join("train.toml"), huge).unwrap();
    let message = String::from_utf8_lossy(&trained(&["--restart"]).stderr).into_owned();
    assert!(
        message.contains("4194304 cells for 33 tokens) takes about 32"),
        "{message}"
    );
}

#[test]
fn faults_are_said_in_words() {
    let folder = Folder::new("faults");
    for (command, rest, expected) in [
        ("train", &[][..], "train.toml"),
        ("inspect", &[], "model.safetensors"),
        ("eval", &["--data", "nowhere.txt"], "model.safetensors"),
    ] {
        let output = wavefield(command, &folder.0, rest);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{command} must fail");
        assert!(
            message.contains(expected) && !message.contains("panicked"),
            "{message}"
        );
    }
    std::fs::write(
        folder.0.join("train.toml"),
        "data = \"text.txt\"\nspeed = 11\n",
    )
    .unwrap();
    let message = String::from_utf8_lossy(&wavefield("train", &folder.0, &[]).stderr).into_owned();
    assert!(
        message.contains("speed"),
        "the unknown setting is named: {message}"
    );
}

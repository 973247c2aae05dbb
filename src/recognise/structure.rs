//! Files that many programs share the form of: ZIP archives by the names in them, texts by how they
//! are written.

use super::signatures::CONVERT;
use super::{Kind, Recognised};

const DOCUMENT: &str = "save its text as plain text (.txt) first, and train on that";
const PAGE_READS: &str =
    "the page takes its text under Train; for the command line save it as plain text (.txt)";
/// A message names this many files of an archive.
const NAMED: usize = 3;
/// More names than this tell nothing new.
const MOST: usize = 2000;

/// A ZIP archive. Its table of files stands at the end; where that is missing or too long, the files'
/// own headers tell as much as the beginning has of them.
pub(super) fn zip(head: &[u8], tail: &[u8], size: u64) -> Recognised {
    let names = table(tail, size).unwrap_or_else(|| local_names(head));
    let has = |end: &str| {
        names
            .iter()
            .any(|name| name == end || name.ends_with(&format!("/{end}")))
    };
    let begins = |start: &str| names.iter().any(|name| name.starts_with(start));
    let other =
        |what: &'static str, advice: &'static str| Recognised::new(Kind::Other, what).with(advice);
    let first = head.get(30..).unwrap_or(&[]);
    if has("run.json") && (has("losses.csv") || has("last.safetensors") || has("best.safetensors"))
    {
        return Recognised::new(Kind::Training, "a training of this page")
            .with("a training is opened by the page, among its trainings");
    }
    if has("data.pkl") || has("constants.pkl") {
        return other("a PyTorch file", CONVERT);
    }
    let is = |part: &str| names.iter().any(|name| name == part);
    if is("word/document.xml") || (is("[Content_Types].xml") && begins("word/")) {
        return Recognised::new(Kind::Document, "a Word document").with(PAGE_READS);
    }
    let book = names.iter().any(|name| name.ends_with(".opf"));
    if (is("META-INF/container.xml") && book) || first.starts_with(b"mimetypeapplication/epub") {
        return Recognised::new(Kind::Document, "an electronic book (EPUB)").with(PAGE_READS);
    }
    if begins("xl/") {
        return other("an Excel table", DOCUMENT);
    }
    if begins("ppt/") {
        return other("a PowerPoint presentation", DOCUMENT);
    }
    if first.starts_with(b"mimetypeapplication/vnd.oasis") {
        return other("an OpenDocument file", DOCUMENT);
    }
    if has("model.weights.h5") {
        return other(
            "a Keras model",
            "it holds another kind of model; choose a Wave Field model as .safetensors",
        );
    }
    if !names.is_empty() && names.iter().all(|name| name.ends_with(".npy")) {
        return other(
            "NumPy arrays (npz)",
            "save the whole model as .safetensors instead",
        );
    }
    if has("AndroidManifest.xml") || has("MANIFEST.MF") {
        return other("a program", "choose a model, a training or a text");
    }
    let files: Vec<&String> = names.iter().filter(|name| !name.ends_with('/')).collect();
    let shown: Vec<String> = files
        .iter()
        .take(NAMED)
        .map(|name| format!("\"{name}\""))
        .collect();
    let more = match files.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = match shown.is_empty() {
        true => "a ZIP archive".to_string(),
        false => format!("a ZIP archive with {}{more} in it", shown.join(", ")),
    };
    Recognised::new(Kind::Archive, what).with("unpack it first, and open what is in it")
}

/// The names in the table at the end, if all of it is in the `tail`.
fn table(tail: &[u8], size: u64) -> Option<Vec<String>> {
    let end = tail.windows(4).rposition(|bytes| bytes == b"PK\x05\x06")?;
    let word = |at: usize| Some(u32::from_le_bytes(*tail.get(at..)?.first_chunk::<4>()?));
    let offset = u64::from(word(end + 16)?);
    let mut at = usize::try_from(offset.checked_sub(size - tail.len() as u64)?).ok()?;
    let mut names = Vec::new();
    while tail.get(at..)?.starts_with(b"PK\x01\x02") && names.len() < MOST {
        let lengths = [28, 30, 32].map(|field| {
            let bytes = tail.get(at + field..)?.first_chunk::<2>()?;
            Some(usize::from(u16::from_le_bytes(*bytes)))
        });
        let [Some(name), Some(extra), Some(comment)] = lengths else {
            return None;
        };
        names.push(String::from_utf8_lossy(tail.get(at + 46..at + 46 + name)?).into_owned());
        at += 46 + name + extra + comment;
    }
    Some(names)
}

/// The names that stand before the files themselves.
fn local_names(head: &[u8]) -> Vec<String> {
    let starts =
        (0..head.len().saturating_sub(30)).filter(|&at| head[at..].starts_with(b"PK\x03\x04"));
    let name = |at: usize| {
        let length = usize::from(u16::from_le_bytes([head[at + 26], head[at + 27]]));
        let name = head.get(at + 30..at + 30 + length)?;
        Some(String::from_utf8_lossy(name).into_owned())
    };
    starts.filter_map(name).take(MOST).collect()
}

/// A text, without a byte-order mark of UTF-8.
pub(super) fn text(bytes: &[u8], size: u64) -> Recognised {
    // Of a text in UTF-16 only the letters of ASCII are looked at.
    let letters: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|&byte| byte != 0 && byte < 0x80)
        .collect();
    let text = String::from_utf8_lossy(&letters);
    let text = text.trim_start();
    let lower = text
        .get(..text.len().min(2048))
        .unwrap_or(text)
        .to_ascii_lowercase();
    if lower.starts_with('<') {
        return markup(&lower);
    }
    if text.starts_with(['{', '['])
        && let Some(found) = json(text, size)
    {
        return found;
    }
    if is_recipe(text) {
        return Recognised::new(Kind::Recipe, "a recipe of the command line (train.toml)")
            .with("put it into a model's folder, and run `wavefield train` on that");
    }
    if text.starts_with("#version: 0.") {
        return data("the merges of a tokenizer in its older form")
            .with("save the tokenizer as one tokenizer.json with the tokenizers library");
    }
    if is_table(text) {
        return data("a table of numbers (CSV)").with("a table is opened by a spreadsheet");
    }
    Recognised::new(Kind::Text, "a text").with("a text is what a model is trained on")
}

fn data(what: impl Into<std::borrow::Cow<'static, str>>) -> Recognised {
    Recognised::new(Kind::Data, what)
}

fn markup(lower: &str) -> Recognised {
    let page = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<meta",
        "<title",
        "<center",
    ];
    if page.iter().any(|start| lower.starts_with(start))
        || (lower.starts_with("<!--") && lower.contains("<html"))
        || lower.contains("<html")
    {
        return data(
            "a web page, most likely a sign-in or error page that was saved in the file's place",
        )
        .with("download the file again, signed in where that is needed");
    }
    if lower.starts_with("<svg") || (lower.starts_with("<?xml") && lower.contains("<svg")) {
        return data("a picture (SVG)")
            .with("a picture holds neither a model nor a text; choose another file");
    }
    if lower.starts_with("<?xml") || lower.contains("</") {
        let error = lower.contains("<error") || lower.contains("<code>");
        return match error {
            true => data("an error message (XML) that was saved in the file's place")
                .with("download the file again"),
            false => data("an XML file").with("choose a model, a training or a text"),
        };
    }
    Recognised::new(Kind::Text, "a text").with("a text is what a model is trained on")
}

/// A JSON file by its keys; nothing where it is no JSON after all, such as a text in brackets.
fn json(text: &str, size: u64) -> Option<Recognised> {
    let has = |key: &str| text.contains(&format!("\"{key}\""));
    let shape = [
        "embedding_dim",
        "hidden_size",
        "n_embd",
        "d_model",
        "num_layers",
        "model_type",
    ];
    if has("weight_map") {
        let advice = "open the parts that it names all together";
        return Some(Recognised::new(Kind::ModelIndex, "the list of a model's parts").with(advice));
    }
    if has("pre_tokenizer") || (has("vocab") && (has("merges") || has("unk_token"))) {
        let advice = "open it together with the model that it belongs to";
        return Some(Recognised::new(Kind::Tokenizer, "a tokenizer").with(advice));
    }
    if has("format") && has("wavefield-run") {
        let advice = "open the whole file that it was taken from";
        return Some(data("the description of a training, without its model").with(advice));
    }
    if has("prompt") && has("pace") && has("settings") && has("temperature") {
        return Some(
            Recognised::new(Kind::Settings, "settings of this page").with("the page takes them up"),
        );
    }
    if has("vocab_size") && shape.iter().any(|key| has(key)) {
        let advice = "open it together with the .safetensors file that it belongs to";
        return Some(Recognised::new(Kind::Config, "a model's configuration").with(advice));
    }
    if size < 4096 && (has("error") || has("errors") || has("message")) {
        let advice = "download the file again";
        return Some(
            data("an error message (JSON) that was saved in the file's place").with(advice),
        );
    }
    let mut rest = text[1..].trim_start().chars();
    let begins = rest
        .next()
        .is_some_and(|c| "\"{[]}-0123456789tfn".contains(c));
    let looks = begins
        && (text.contains("\":")
            || text.contains("\" :")
            || text.starts_with("[[")
            || text.contains("\","));
    looks.then(|| data("a JSON file").with("choose a model, a training or a text"))
}

fn is_recipe(text: &str) -> bool {
    let has = |line: &str| text.lines().any(|found| found.trim() == line);
    has("[model]")
        && has("[train]")
        && (has("[tokenizer]") || text.contains("\ndata = ") || text.starts_with("data = "))
}

/// Rows of as many cells, most of which are numbers but for the first row.
fn is_table(text: &str) -> bool {
    let rows: Vec<Vec<&str>> = (text.lines().take(20))
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split([',', ';', '\t']).collect())
        .collect();
    let width = rows.first().map_or(0, Vec::len);
    let whole = &rows[..rows.len().saturating_sub(usize::from(rows.len() == 20))];
    if width < 2 || whole.len() < 2 || whole.iter().any(|row| row.len() != width) {
        return false;
    }
    let cells: Vec<&&str> = whole[1..].iter().flatten().collect();
    let numbers = cells
        .iter()
        .filter(|cell| cell.trim().is_empty() || is_number(cell.trim()));
    2 * numbers.count() > cells.len()
}

/// Whether a text is what reads as an `f64`. Looked at and not read: reading brings 16 KB into the engine,
/// most of it a table, and no other number in it is read from a text this way.
fn is_number(text: &str) -> bool {
    let unsigned = |text| str::strip_prefix(text, ['+', '-']).unwrap_or(text);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let text = unsigned(text);
    if ["inf", "infinity", "nan"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
    {
        return true;
    }
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let exponent = unsigned(exponent);
    digits(whole)
        && digits(part)
        && whole.len() + part.len() > 0
        && digits(exponent)
        && !exponent.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_reads_as_one() {
        for text in [
            "0",
            "-1",
            "+1.",
            ".5",
            ".",
            "",
            "-",
            "1.2.3",
            "1e5",
            "1E-5",
            "1e",
            "1e+",
            "e5",
            ".e5",
            "+.5e+05",
            "1e5.0",
            "inf",
            "-Infinity",
            "NaN",
            "infinit",
            "1_000",
            "1,5",
            "0x10",
            "--1",
            "1 ",
            "é",
            "١",
        ] {
            assert_eq!(is_number(text), text.parse::<f64>().is_ok(), "{text:?}");
        }
    }
}

//! `tokenizer.json`: the form in which the `tokenizers` library stores a whole tokenizer.
//!
//! A character vocabulary is a `WordLevel` model behind a `Split` at every character, whose unknown
//! token is not in the vocabulary: that library too then refuses an unknown character. The BPE is
//! the usual byte-level one. Whatever would make that library encode differently from this crate
//! is refused on reading, never ignored.

use serde_json::{Value, json};

use super::byte_level::{byte_to_char, char_to_byte};
use super::{Added, Bpe, Character, Tokenizer, error};
use crate::{Error, Result};

/// Matches each character, line ends included, in every engine for regular expressions.
const EVERY_CHARACTER: &str = "[\\s\\S]";

const ADVICE: &str = "Open a tokenizer.json saved by this program, or one with a byte-level BPE \
                      made by the tokenizers library without a normalizer.";

/// The file's text, the vocabulary in the order of the ids.
pub(super) fn write(tokenizer: &Tokenizer) -> String {
    let (added, pre_tokenizer, decoder, model) = match tokenizer {
        Tokenizer::Character(character) => (
            String::new(),
            format!(
                "{{\"type\": \"Split\", \"pattern\": {{\"Regex\": {}}}, \"behavior\": \
                 \"Isolated\", \"invert\": false}}",
                quote(EVERY_CHARACTER),
            ),
            "{\"type\": \"Fuse\"}".to_string(),
            write_character(character),
        ),
        Tokenizer::Bpe(bpe) => {
            let byte_level = "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \
                              \"trim_offsets\": true, \"use_regex\": true}";
            (
                write_added(bpe.added()),
                byte_level.to_string(),
                byte_level.to_string(),
                write_bpe(bpe),
            )
        }
    };
    format!(
        "{{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \
         \"added_tokens\": [{added}],\n  \"normalizer\": null,\n  \"pre_tokenizer\": {pre_tokenizer},\n  \
         \"post_processor\": null,\n  \"decoder\": {decoder},\n  \"model\": {{\n{model}\n  }}\n}}\n"
    )
}

fn write_character(character: &Character) -> String {
    let tokens = character.characters().iter().map(char::to_string);
    format!(
        "    \"type\": \"WordLevel\",\n    \"vocab\": {{\n{}\n    }},\n    \"unk_token\": \"<unk>\"",
        write_vocabulary(tokens),
    )
}

fn write_added(added: &[Added]) -> String {
    let lines = added.iter().map(|token| {
        let Added {
            id,
            single_word,
            lstrip,
            rstrip,
            normalized,
            special,
            ..
        } = token;
        format!(
            "\n    {{\"id\": {id}, \"content\": {}, \"single_word\": {single_word}, \"lstrip\": \
             {lstrip}, \"rstrip\": {rstrip}, \"normalized\": {normalized}, \"special\": {special}}}",
            quote(&token.content)
        )
    });
    let lines = lines.collect::<Vec<_>>().join(",");
    if lines.is_empty() {
        lines
    } else {
        lines + "\n  "
    }
}

fn write_bpe(bpe: &Bpe) -> String {
    let mut names: Vec<String> = bpe.tokens().iter().map(|token| spell(token)).collect();
    for token in bpe.added() {
        names[token.id as usize].clone_from(&token.content);
    }
    // As one text each, which every version of the library reads; those before 0.20 read no pairs.
    // Byte by byte a space is "Ġ", so only an added token can have one.
    let blank = |&(left, right): &(u32, u32)| {
        [left, right]
            .iter()
            .any(|&id| names[id as usize].contains(' '))
    };
    let in_pairs = bpe.merges().iter().any(blank);
    let merges: Vec<String> = bpe
        .merges()
        .iter()
        .map(|&(left, right)| {
            let (left, right) = (&names[left as usize], &names[right as usize]);
            match in_pairs {
                false => format!("      {}", quote(&format!("{left} {right}"))),
                true => format!("      [{}, {}]", quote(left), quote(right)),
            }
        })
        .collect();
    format!(
        "    \"type\": \"BPE\",\n    \"dropout\": null,\n    \"unk_token\": null,\n    \
         \"continuing_subword_prefix\": null,\n    \"end_of_word_suffix\": null,\n    \
         \"fuse_unk\": false,\n    \"byte_fallback\": false,\n    \"ignore_merges\": false,\n    \
         \"vocab\": {{\n{}\n    }},\n    \"merges\": [\n{}\n    ]",
        write_vocabulary(names.into_iter()),
        merges.join(",\n"),
    )
}

fn write_vocabulary(tokens: impl Iterator<Item = String>) -> String {
    let lines = tokens
        .enumerate()
        .map(|(id, token)| format!("      {}: {id}", quote(&token)));
    lines.collect::<Vec<_>>().join(",\n")
}

/// A token's bytes, each as its character.
fn spell(token: &[u8]) -> String {
    token.iter().map(|&byte| byte_to_char(byte)).collect()
}

fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

/// Reads the file's text; with it, what of it was left aside, in words.
pub(super) fn read(text: &str) -> Result<(Tokenizer, Vec<String>)> {
    let text = text
        .trim_start_matches('\u{feff}')
        .trim_end_matches(['\0', ' ', '\n', '\r']);
    let file: Value = serde_json::from_str(text).map_err(|why| {
        let advice = match why.is_eof() {
            true => "It ends too early: copy or download it again.",
            false => ADVICE,
        };
        error(format!(
            "expected a tokenizer.json, found text that is no valid JSON: {why}. {advice}",
        ))
    })?;
    if !file.is_object() {
        return Err(unlike(
            "the file",
            "an object with the key \"model\"",
            &file,
        ));
    }
    allow(&file, "/normalizer", &[Value::Null])?;
    let tokenizer = match at(&file, "/model/type").as_str() {
        Some("WordLevel") => read_character(&file).map(Tokenizer::Character)?,
        Some("BPE") => read_bpe(&file).map(Tokenizer::Bpe)?,
        _ => {
            return Err(unlike(
                "/model/type",
                "\"BPE\" or \"WordLevel\"",
                at(&file, "/model/type"),
            ));
        }
    };
    let asked = |part: &&str| !at(&file, &format!("/{part}")).is_null();
    let notes = ["truncation", "padding"]
        .into_iter()
        .filter(asked)
        .map(|part| {
            format!("the tokenizer's {part} was left aside: texts are read as long as they are")
        });
    let notes = notes.collect();
    Ok((tokenizer, notes))
}

fn read_character(file: &Value) -> Result<Character> {
    allow(file, "/added_tokens", &[Value::Null, json!([])])?;
    allow(file, "/pre_tokenizer/type", &["Split".into()])?;
    allow(
        file,
        "/pre_tokenizer/pattern",
        &[json!({ "Regex": EVERY_CHARACTER })],
    )?;
    allow(file, "/pre_tokenizer/behavior", &["Isolated".into()])?;
    allow(file, "/pre_tokenizer/invert", &[false.into()])?;
    allow(file, "/post_processor", &[Value::Null])?;
    allow(file, "/decoder/type", &["Fuse".into()])?;
    let tokens = read_vocabulary(file, &[])?;
    let unknown = at(file, "/model/unk_token");
    if tokens.iter().any(|token| *unknown == token.as_str()) {
        let what = "a token that is not in the vocabulary, so that no character is lost";
        return Err(unlike("/model/unk_token", what, unknown));
    }
    let mut characters = Vec::new();
    for (id, token) in tokens.into_iter().enumerate() {
        let mut parts = token.chars();
        match (parts.next(), parts.next()) {
            (Some(c), None) => characters.push(c),
            _ => {
                let what = "one character for each token of a character vocabulary";
                return Err(unlike(
                    &format!("token {id} of /model/vocab"),
                    what,
                    &token.into(),
                ));
            }
        }
    }
    Character::new(characters)
}

fn read_bpe(file: &Value) -> Result<Bpe> {
    // What a file leaves out is read as the library's default.
    let no = [Value::Null, false.into()];
    let empty = [Value::Null, "".into()];
    allow(file, "/pre_tokenizer/type", &["ByteLevel".into()])?;
    allow(file, "/pre_tokenizer/add_prefix_space", &[false.into()])?;
    allow(
        file,
        "/pre_tokenizer/use_regex",
        &[Value::Null, true.into()],
    )?;
    allow(
        file,
        "/post_processor/type",
        &[Value::Null, "ByteLevel".into()],
    )?;
    allow(file, "/decoder/type", &["ByteLevel".into()])?;
    allow(file, "/model/dropout", &[Value::Null, 0.0.into()])?;
    allow(file, "/model/continuing_subword_prefix", &empty)?;
    allow(file, "/model/end_of_word_suffix", &empty)?;
    allow(file, "/model/byte_fallback", &no)?;
    allow(file, "/model/ignore_merges", &no)?;
    let added = read_added(file)?;
    let names = read_vocabulary(file, &added)?;
    let mut tokens = Vec::with_capacity(names.len());
    for (id, name) in (0..).zip(&names) {
        // An added token is written as it is.
        if added.iter().any(|token| token.id == id) {
            tokens.push(name.clone().into_bytes());
            continue;
        }
        let bytes: Option<Vec<u8>> = name.chars().map(char_to_byte).collect();
        let what = "tokens spelled byte by byte, a space as \"Ġ\"";
        tokens.push(bytes.ok_or_else(|| unlike("/model/vocab", what, &name.as_str().into()))?);
    }
    let merges = read_merges(file, &names)?;
    Bpe::new(tokens, merges, added)
}

/// The tokens that the file adds to its vocabulary.
fn read_added(file: &Value) -> Result<Vec<Added>> {
    let part = "/added_tokens";
    let list = match at(file, part) {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        other => return Err(unlike(part, "a list of tokens", other)),
    };
    let mut added: Vec<Added> = Vec::with_capacity(list.len());
    for (place, token) in list.iter().enumerate() {
        let here = format!("{part}/{place}");
        let id = token["id"].as_u64().and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| unlike(&format!("{here}/id"), "a number", &token["id"]))?;
        let content = token["content"]
            .as_str()
            .filter(|content| !content.is_empty());
        let content = content
            .ok_or_else(|| unlike(&format!("{here}/content"), "a text", &token["content"]))?;
        if added
            .iter()
            .any(|other| other.id == id || other.content == content)
        {
            return Err(unlike(&here, "each added token once", &content.into()));
        }
        let flag = |name: &str, default: bool| match &token[name] {
            Value::Null => Ok(default),
            Value::Bool(flag) => Ok(*flag),
            other => Err(unlike(&format!("{here}/{name}"), "true or false", other)),
        };
        let special = flag("special", false)?;
        added.push(Added {
            id,
            content: content.into(),
            single_word: flag("single_word", false)?,
            lstrip: flag("lstrip", false)?,
            rstrip: flag("rstrip", false)?,
            normalized: flag("normalized", !special)?,
            special,
        });
    }
    Ok(added)
}

/// The tokens in the order of their ids, which have to be 0, 1, 2 and so on.
fn read_vocabulary(file: &Value, added: &[Added]) -> Result<Vec<String>> {
    let part = "/model/vocab";
    let vocabulary = at(file, part);
    let what = "an object that gives each token its id, at least one";
    let entries = vocabulary.as_object().filter(|entries| !entries.is_empty());
    let entries = entries.ok_or_else(|| unlike(part, what, vocabulary))?;
    for token in added {
        let own = entries
            .get(&token.content)
            .filter(|id| id.as_u64() != Some(token.id.into()));
        if let Some(own) = own {
            let what = format!("the id {} of the added token {:?}", token.id, token.content);
            return Err(unlike(&format!("/added_tokens and {part}"), &what, own));
        }
    }
    let beyond: Vec<&Added> = (added.iter())
        .filter(|token| !entries.contains_key(&token.content))
        .collect();
    let count = entries.len() + beyond.len();
    let mut tokens: Vec<Option<&String>> = vec![None; count];
    for (token, id) in entries {
        let place = id.as_u64().and_then(|id| usize::try_from(id).ok());
        let place = place.and_then(|id| tokens.get_mut(id)).ok_or_else(|| {
            let what = format!(
                "the ids 0 to {} for the {} tokens, without a gap",
                count - 1,
                count,
            );
            unlike(&format!("{part}, token {token:?}"), &what, id)
        })?;
        if let Some(other) = place.replace(token) {
            let what = format!("another id than that of {other:?}");
            return Err(unlike(&format!("{part}, token {token:?}"), &what, id));
        }
    }
    for Added { id, content, .. } in beyond {
        let here = "/added_tokens";
        let free = format!("one of the ids 0 to {} that no other token has", count - 1);
        let place = tokens.get_mut(*id as usize).filter(|place| place.is_none());
        *place.ok_or_else(|| unlike(here, &free, &(*id).into()))? = Some(content);
    }
    // As many ids as tokens, all different and none too high: each is there.
    Ok(tokens.into_iter().flatten().cloned().collect())
}

/// The merges as pairs of ids; older files write a pair as one text with a space between.
fn read_merges(file: &Value, names: &[String]) -> Result<Vec<(u32, u32)>> {
    let part = "/model/merges";
    let list = at(file, part).as_array();
    let list = list.ok_or_else(|| unlike(part, "a list of pairs of tokens", at(file, part)))?;
    let ids: std::collections::HashMap<&str, u32> =
        names.iter().map(String::as_str).zip(0..).collect();
    let mut merges = Vec::with_capacity(list.len());
    for (rank, merge) in list.iter().enumerate() {
        let here = || format!("{part}/{rank}");
        let pair = match merge {
            Value::String(text) => text.split_once(' '),
            Value::Array(pair) if pair.len() == 2 => pair[0].as_str().zip(pair[1].as_str()),
            _ => None,
        };
        let (left, right) = pair.ok_or_else(|| unlike(&here(), "a pair of tokens", merge))?;
        let id = |name: &str| {
            let id = ids.get(name).copied();
            id.ok_or_else(|| unlike(&here(), "two tokens of /model/vocab", &name.into()))
        };
        merges.push((id(left)?, id(right)?));
    }
    Ok(merges)
}

/// A part of the file by its path; null if it is not there.
fn at<'a>(file: &'a Value, path: &str) -> &'a Value {
    file.pointer(path).unwrap_or(&Value::Null)
}

/// Refuses a part of the file that has none of these values.
fn allow(file: &Value, path: &str, values: &[Value]) -> Result<()> {
    let found = at(file, path);
    if values.contains(found) {
        return Ok(());
    }
    let expected: Vec<String> = values.iter().map(Value::to_string).collect();
    Err(unlike(path, &expected.join(" or "), found))
}

fn unlike(part: &str, expected: &str, found: &Value) -> Error {
    error(format!(
        "{part}: expected {expected}, found {}. {ADVICE}",
        describe(found)
    ))
}

/// A value in a few words.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_string(),
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(_) => "an object".to_string(),
        Value::String(text) if text.chars().count() > 40 => {
            format!("\"{}...\"", text.chars().take(40).collect::<String>())
        }
        _ => value.to_string(),
    }
}

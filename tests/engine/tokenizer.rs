//! The tokenizers against what the `tokenizers` library gives for the same files, and against
//! files and texts that are not as they should be. tests/fixtures/tokenizer/make.py says where the
//! fixtures come from.

use std::ops::ControlFlow;
use std::path::PathBuf;

use serde_json::{Value, json};
use wavefield::tokenizer::Tokenizer;

const BPE_TOKENS: usize = 400;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/tokenizer")
        .join(name)
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn load(name: &str) -> Tokenizer {
    Tokenizer::from_json(&fixture(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn train_bpe(text: &str, vocab_size: usize) -> Tokenizer {
    Tokenizer::train_bpe(text, vocab_size, |_, _| ControlFlow::Continue(())).unwrap()
}

fn stream(tokenizer: &Tokenizer, ids: &[u32]) -> Vec<String> {
    let mut streamer = tokenizer.streamer();
    let mut parts: Vec<String> = ids.iter().map(|&id| streamer.push(tokenizer, id)).collect();
    parts.push(streamer.finish());
    parts
}

/// The message of a file that has to be refused; it names what was expected and found.
fn refusal(text: &str) -> String {
    let message = Tokenizer::from_json(text).expect_err(text).to_string();
    assert!(
        message.contains("expected") && message.contains("found"),
        "{message}"
    );
    message
}

/// A fixture with one part changed.
fn changed(name: &str, part: &str, value: Value) -> String {
    let mut file: Value = serde_json::from_str(&fixture(name)).unwrap();
    let (parent, key) = part.rsplit_once('/').unwrap();
    file.pointer_mut(parent).unwrap()[key] = value;
    file.to_string()
}

#[test]
#[ignore = "writes fixtures: run it when the form of the files changes, then make.py"]
fn write_fixtures() {
    let sample = fixture("sample.txt");
    let character = Tokenizer::train_character(&sample).unwrap();
    std::fs::write(path("character.json"), character.to_json()).unwrap();
    std::fs::write(path("bpe.json"), train_bpe(&sample, BPE_TOKENS).to_json()).unwrap();
}

#[test]
fn ids_are_those_of_the_tokenizers_library() {
    let cases: Vec<Value> = serde_json::from_str(&fixture("cases.json")).unwrap();
    assert!(cases.len() > 80);
    for kind in ["character", "bpe"] {
        let tokenizer = load(&format!("{kind}.json"));
        assert_eq!(tokenizer.kind(), kind);
        for case in &cases {
            let text = case["text"].as_str().unwrap();
            let expected: Option<Vec<u32>> = serde_json::from_value(case[kind].clone()).unwrap();
            let found = tokenizer.encode(text).ok();
            assert_eq!(found, expected, "{kind}, {text:?}");
            if let Some(ids) = found {
                assert_eq!(tokenizer.decode(&ids), text, "{kind}");
                assert_eq!(stream(&tokenizer, &ids).concat(), text, "{kind}");
            }
        }
    }
}

#[test]
fn training_gives_the_librarys_vocabulary() {
    let ours = train_bpe(&fixture("sample.txt"), BPE_TOKENS);
    assert_eq!(ours.vocab_size(), BPE_TOKENS);
    assert_eq!(ours, load("library.json"));
    assert_eq!(ours.to_json(), fixture("bpe.json"));
}

#[test]
fn files_written_are_read_back() {
    let sample = fixture("sample.txt");
    for tokenizer in [
        Tokenizer::train_character(&sample).unwrap(),
        train_bpe(&sample, 300),
    ] {
        assert_eq!(
            Tokenizer::from_json(&tokenizer.to_json()).unwrap(),
            tokenizer
        );
        assert_eq!(tokenizer.encode("").unwrap(), [0u32; 0]);
        assert_eq!(tokenizer.decode(&[]), "");
    }
    assert_eq!(
        Tokenizer::train_character(&sample).unwrap(),
        load("character.json")
    );
}

#[test]
fn bpe_round_trips_every_character() {
    let tokenizer = load("bpe.json");
    let text: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
    let ids = tokenizer.encode(&text).unwrap();
    assert!(tokenizer.decode(&ids) == text);
    assert!(stream(&tokenizer, &ids).concat() == text);
}

#[test]
fn a_long_word_and_one_repeated_character_are_no_trouble() {
    let word: String = (0..300_000u32)
        .map(|i| char::from(b'a' + (i.wrapping_mul(i) % 23) as u8))
        .collect();
    for text in [word, "a".repeat(300_000)] {
        let tokenizer = train_bpe(&text, 600);
        let ids = tokenizer.encode(&text).unwrap();
        assert!(ids.len() < text.len() / 4, "{} tokens", ids.len());
        assert!(tokenizer.decode(&ids) == text);
    }
}

#[test]
fn half_a_character_is_held_back() {
    let tokenizer = train_bpe("x", 256);
    let parts = stream(&tokenizer, &tokenizer.encode("é🌊!").unwrap());
    assert_eq!(parts, ["", "é", "", "", "", "🌊", "!", ""]);
    // Cut short, and broken off by another character.
    let ids = tokenizer.encode("🌊").unwrap();
    assert_eq!(stream(&tokenizer, &ids[..3]), ["", "", "", "\u{fffd}"]);
    let a = tokenizer.encode("a").unwrap()[0];
    assert_eq!(
        stream(&tokenizer, &[ids[0], ids[1], a, ids[1]]),
        ["", "", "\u{fffd}a", "\u{fffd}", ""]
    );
}

#[test]
fn a_stream_of_any_ids_is_what_decode_gives() {
    let tokenizer = load("bpe.json");
    let mut state = 1u32;
    for length in 0..400 {
        let ids: Vec<u32> = (0..length % 40)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Mostly the tokens of single bytes, and some ids that there are not.
                (state >> 16) % 256 + if state % 64 < 8 { 200 } else { 0 }
            })
            .collect();
        assert_eq!(
            stream(&tokenizer, &ids).concat(),
            tokenizer.decode(&ids),
            "{ids:?}"
        );
    }
}

#[test]
fn ids_outside_the_vocabulary_show_as_a_replacement() {
    for tokenizer in [load("character.json"), load("bpe.json")] {
        for id in [tokenizer.vocab_size() as u32, u32::MAX] {
            assert_eq!(tokenizer.decode(&[id]), "\u{fffd}");
            assert_eq!(tokenizer.token_text(id), "\u{fffd}");
            assert_eq!(stream(&tokenizer, &[id]), ["\u{fffd}", ""]);
        }
    }
}

#[test]
fn a_part_of_a_character_is_displayed_as_its_bytes() {
    let tokenizer = train_bpe("x", 256);
    let ids = tokenizer.encode("é ").unwrap();
    let texts: Vec<String> = ids.iter().map(|&id| tokenizer.token_text(id)).collect();
    assert_eq!(texts, ["<0xC3>", "<0xA9>", " "]);
    assert_eq!(Tokenizer::train_character("é").unwrap().token_text(0), "é");
}

#[test]
fn unknown_characters_are_all_reported() {
    let tokenizer = Tokenizer::train_character("abc \n").unwrap();
    assert_eq!(tokenizer.encode("a\nb").unwrap(), [2, 0, 3]);
    let message = tokenizer
        .encode("abc\nab é🌊é\u{301}\r")
        .unwrap_err()
        .to_string();
    for part in [
        "4 characters",
        "\"é\" U+00E9, \"🌊\" U+1F30A",
        "U+0301",
        "U+000D",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(message.matches("U+00E9").count(), 1, "{message}");
    assert!(
        message.contains("character 8 of the text (line 2, column 4)"),
        "{message}"
    );
    assert!(message.contains("Remove or replace them"), "{message}");
    assert!(
        tokenizer
            .encode("é")
            .unwrap_err()
            .to_string()
            .contains("1 character that")
    );
    // A page has to show the message: it stays short, and says so.
    let many: String = ('一'..='龥').collect();
    let message = tokenizer.encode(&many).unwrap_err().to_string();
    assert!(message.contains("20902 characters") && message.contains("and 20802 more"));
    let Tokenizer::Character(character) = &tokenizer else {
        panic!()
    };
    assert_eq!(character.unknown_characters(&many).len(), 20_902);
}

#[test]
fn training_can_be_stopped_and_refuses_what_cannot_be() {
    let mut calls = Vec::new();
    let stopped = Tokenizer::train_bpe("wave wave wave", 1_000, |done, size| {
        calls.push((done, size));
        if done == 258 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(calls, [(256, 1_000), (257, 1_000), (258, 1_000)]);
    assert!(
        stopped
            .unwrap_err()
            .to_string()
            .contains("stopped after 258 of 1000")
    );
    for size in [0, 255] {
        let refused = Tokenizer::train_bpe("a", size, |_, _| ControlFlow::Continue(()));
        assert!(refused.unwrap_err().to_string().contains("at least 256"));
    }
    let refused = Tokenizer::train_bpe("", 300, |_, _| ControlFlow::Continue(()));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("found an empty one")
    );
    assert!(Tokenizer::train_character("").is_err());
    // A size that the text does not fill: " wave" is one token after 4 merges, "wave" stays once.
    assert_eq!(train_bpe("wave wave wave", usize::MAX).vocab_size(), 260);
}

#[test]
fn truncated_files_are_refused() {
    for name in ["character.json", "bpe.json"] {
        let text = fixture(name);
        let end = text.trim_end().len();
        for length in (0..end)
            .step_by(97)
            .chain([end - 1])
            .filter(|&at| text.is_char_boundary(at))
        {
            let message = refusal(&text[..length]);
            assert!(message.contains("no valid JSON"), "{message}");
        }
    }
    for text in [
        "",
        "[]",
        "null",
        "3",
        "{}",
        &"[".repeat(100_000),
        "\u{feff}{}",
    ] {
        refusal(text);
    }
}

#[test]
fn files_of_another_kind_are_refused() {
    let special = json!([{ "id": 0, "content": "<pad>" }]);
    for (name, part, value) in [
        ("bpe.json", "/model/type", json!("Unigram")),
        ("bpe.json", "/model/type", Value::Null),
        ("bpe.json", "/model/type", json!(7)),
        ("bpe.json", "/normalizer", json!({ "type": "NFC" })),
        (
            "character.json",
            "/added_tokens",
            json!([{ "id": 3, "content": "<pad>" }]),
        ),
        ("bpe.json", "/added_tokens", special),
        ("bpe.json", "/pre_tokenizer", Value::Null),
        ("bpe.json", "/pre_tokenizer/type", json!("Metaspace")),
        ("bpe.json", "/pre_tokenizer/add_prefix_space", json!(true)),
        ("bpe.json", "/pre_tokenizer/use_regex", json!(false)),
        (
            "bpe.json",
            "/post_processor",
            json!({ "type": "TemplateProcessing" }),
        ),
        ("bpe.json", "/decoder", Value::Null),
        ("bpe.json", "/model/dropout", json!(0.1)),
        ("bpe.json", "/model/continuing_subword_prefix", json!("##")),
        ("bpe.json", "/model/end_of_word_suffix", json!("</w>")),
        ("bpe.json", "/model/byte_fallback", json!(true)),
        ("bpe.json", "/model/ignore_merges", json!(true)),
        (
            "character.json",
            "/pre_tokenizer/pattern",
            json!({ "Regex": "." }),
        ),
        (
            "character.json",
            "/pre_tokenizer/behavior",
            json!("Removed"),
        ),
        ("character.json", "/pre_tokenizer/invert", json!(true)),
        ("character.json", "/decoder/type", json!("WordPiece")),
        ("character.json", "/model/unk_token", json!("a")),
    ] {
        let message = refusal(&changed(name, part, value));
        let group = part.split('/').nth(1).unwrap();
        assert!(message.contains(&format!("/{group}")), "{part}: {message}");
    }
    // The parts around the model have to fit it.
    for (name, other) in [("bpe.json", "WordLevel"), ("character.json", "BPE")] {
        let message = refusal(&changed(name, "/model/type", json!(other)));
        assert!(message.contains("/pre_tokenizer/type"), "{message}");
    }
}

#[test]
fn broken_vocabularies_are_refused() {
    for (name, vocabulary, found) in [
        ("character.json", json!({}), "an object"),
        ("character.json", json!(["a", "b"]), "a list of 2"),
        ("character.json", Value::Null, "nothing"),
        ("character.json", json!({ "a": 0, "b": 0 }), "found 0"),
        ("character.json", json!({ "a": 0, "b": 2 }), "found 2"),
        ("character.json", json!({ "a": 0, "b": -1 }), "found -1"),
        ("character.json", json!({ "a": 0, "b": 0.5 }), "found 0.5"),
        ("character.json", json!({ "a": 0, "b": "1" }), "found \"1\""),
        (
            "character.json",
            json!({ "a": 0, "b": u64::MAX }),
            "found 18446744073709551615",
        ),
        (
            "character.json",
            json!({ "a": 0, "b": 4_294_967_295u32 }),
            "found 4294967295",
        ),
        ("character.json", json!({ "a": 0, "": 1 }), "found \"\""),
        ("character.json", json!({ "a": 0, "bc": 1 }), "found \"bc\""),
        ("bpe.json", json!({ "a": 0, "世": 1 }), "found \"世\""),
        ("bpe.json", json!({ "a": 0, " ": 1 }), "found \" \""),
    ] {
        let message = refusal(&changed(name, "/model/vocab", vocabulary));
        assert!(message.contains(found), "{message}");
    }
    let vocabulary = json!({ "a": 0, "": 1 });
    let empty = changed("bpe.json", "/model/merges", json!([]));
    let mut file: Value = serde_json::from_str(&empty).unwrap();
    file["model"]["vocab"] = vocabulary;
    assert!(refusal(&file.to_string()).contains("found an empty one"));
    // The same token twice in the text of the file: the last id counts, so the other is missing.
    let twice = r#"{"model":{"type":"WordLevel","vocab":{"a":0,"b":1,"a":2}},"decoder":{"type":"Fuse"},
        "pre_tokenizer":{"type":"Split","pattern":{"Regex":"[\\s\\S]"},"behavior":"Isolated","invert":false}}"#;
    assert!(refusal(twice).contains("the ids 0 to 1 for the 2 tokens"));
}

#[test]
fn broken_merges_are_refused_and_the_older_form_is_read() {
    for (merges, found) in [
        (Value::Null, "nothing"),
        (json!({}), "an object"),
        (json!(["ab"]), "found \"ab\""),
        (json!([3]), "found 3"),
        (json!([["t", "h", "e"]]), "a list of 3"),
        (json!([["t", 1]]), "a list of 2"),
        (json!([["t", "unheard"]]), "found \"unheard\""),
        (json!([["unheard", "t"]]), "found \"unheard\""),
        (json!([["", "t"]]), "found \"\""),
        // Both parts are tokens, but not what they make.
        (json!([["Z", "Z"]]), "found no such token"),
    ] {
        let message = refusal(&changed("bpe.json", "/model/merges", merges));
        assert!(message.contains(found), "{message}");
    }
    let file: Value = serde_json::from_str(&fixture("bpe.json")).unwrap();
    // Written as texts, which the library's older versions read alone; newer ones write pairs.
    let texts = file["model"]["merges"].as_array().unwrap().iter();
    let pairs = texts.map(|text| text.as_str().unwrap().split(' ').collect::<Value>());
    let newer = changed("bpe.json", "/model/merges", pairs.collect());
    assert_eq!(Tokenizer::from_json(&newer).unwrap(), load("bpe.json"));
}

/// The ids are those of the `tokenizers` library.
#[test]
fn special_tokens_are_one_token_each() {
    let text = std::fs::read_to_string(path("../files/special_token.tokenizer.json")).unwrap();
    let tokenizer = Tokenizer::from_json(&text).unwrap();
    assert_eq!(tokenizer.vocab_size(), 512);
    // Written and read again it is the same.
    let again = Tokenizer::from_json(&tokenizer.to_json()).unwrap();
    for tokenizer in [&tokenizer, &again] {
        for (text, ids) in [
            (
                "Hello<|endoftext|>The café opens at nine.",
                &[
                    40, 422, 79, 0, 340, 504, 70, 128, 103, 288, 80, 280, 83, 486, 283, 266, 69, 14,
                ][..],
            ),
            (
                "<|endoftext|><|endoftext|> two  blanks\n\tand a tab",
                &[
                    0, 0, 257, 87, 79, 221, 269, 76, 290, 75, 83, 199, 198, 434, 260, 257, 65, 66,
                ],
            ),
            ("<|endoftext|", &[28, 92, 449, 79, 70, 84, 69, 88, 84, 92]),
            (
                "日本 🌊",
                &[163, 246, 99, 163, 251, 106, 221, 173, 254, 235, 233],
            ),
        ] {
            assert_eq!(tokenizer.encode(text).unwrap(), ids, "{text:?}");
            assert_eq!(tokenizer.decode(ids), text);
        }
    }
    assert_eq!(again, tokenizer);
}

#[test]
fn tokens_beyond_the_vocabulary_are_added_to_it() {
    let flags = json!([{ "id": 401, "content": "<é b>", "rstrip": true }, { "id": 400, "content": "<pad>", "special": true }]);
    let mut file: Value = serde_json::from_str(&fixture("library.json")).unwrap();
    file["added_tokens"] = flags;
    let count = file["model"]["vocab"].as_object().unwrap().len();
    assert_eq!(count, 400, "the library's file has grown");
    let tokenizer = Tokenizer::from_json(&file.to_string()).unwrap();
    assert_eq!(tokenizer.vocab_size(), 402);
    let ids = tokenizer.encode("a<pad><é b>  b").unwrap();
    assert_eq!(&ids[1..3], [400, 401]);
    assert_eq!(tokenizer.decode(&ids), "a<pad><é b>b");
    let again = Tokenizer::from_json(&tokenizer.to_json()).unwrap();
    assert_eq!(again, tokenizer);
    for (added, words) in [
        (json!([{ "id": 402, "content": "<pad>" }]), "0 to 400"),
        (json!([{ "id": 7, "content": "<pad>" }]), "no other token"),
        (json!([{ "id": 1, "content": "!" }]), "id 1"),
        (json!([{ "id": 400, "content": "" }]), "content"),
        (json!([{ "content": "x" }]), "id"),
        (json!({}), "a list"),
        (
            json!([{ "id": 400, "content": "x", "lstrip": 3 }]),
            "lstrip",
        ),
    ] {
        let message = refusal(&changed("library.json", "/added_tokens", added));
        assert!(
            message.contains("/added_tokens") && message.contains(words),
            "{message}"
        );
    }
}

#[test]
fn what_changes_no_token_is_left_aside_and_said() {
    let text = changed("bpe.json", "/truncation", json!({ "max_length": 5 }));
    let mut file: Value = serde_json::from_str(&text).unwrap();
    file["padding"] = json!({ "pad_id": 0 });
    let text = format!("\u{feff}{file}\n\0\0");
    let (tokenizer, notes) = Tokenizer::from_json_with_notes(&text).unwrap();
    assert_eq!(tokenizer, load("bpe.json"));
    assert_eq!(notes.len(), 2);
    assert!(
        notes[0].contains("truncation") && notes[1].contains("padding"),
        "{notes:?}"
    );
}

#[test]
fn a_file_that_leaves_bytes_out_reports_what_it_cannot_read() {
    let file = changed("bpe.json", "/model/merges", json!([["a", "b"]]));
    let mut file: Value = serde_json::from_str(&file).unwrap();
    file["model"]["vocab"] = json!({ "a": 0, "b": 1, "ab": 2 });
    let tokenizer = Tokenizer::from_json(&file.to_string()).unwrap();
    assert_eq!(tokenizer.encode("abba").unwrap(), [2, 1, 0]);
    let message = tokenizer.encode("ab c").unwrap_err().to_string();
    assert!(
        message.contains("2 characters") && message.contains("\"c\" U+0063"),
        "{message}"
    );
}

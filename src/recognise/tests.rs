use super::*;
use crate::checkpoint::Checkpoint;
use crate::model::Model;
use crate::tokenizer::Tokenizer;
use crate::{Architecture, ModelConfig};

fn found(bytes: &[u8]) -> (Kind, String) {
    let Recognised { kind, what, advice } = recognise_bytes(bytes);
    assert!(
        advice.is_some() || matches!(kind, Kind::Model | Kind::Other),
        "{what}"
    );
    (kind, what.into_owned())
}

fn is(bytes: &[u8], kind: Kind, words: &str) {
    let (found, what) = found(bytes);
    assert!(
        found == kind && what.contains(words),
        "{found:?} {what}, not {kind:?} {words}"
    );
}

/// A ZIP archive of stored files; nothing looks at its checksums.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut table) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let at = bytes.len() as u32;
        let length = (name.len() as u16).to_le_bytes();
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&[0; 22]);
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(content);
        table.extend_from_slice(b"PK\x01\x02");
        table.extend_from_slice(&[0; 24]);
        table.extend_from_slice(&length);
        table.extend_from_slice(&[0; 12]);
        table.extend_from_slice(&at.to_le_bytes());
        table.extend_from_slice(name.as_bytes());
    }
    let (start, size) = (bytes.len() as u32, table.len() as u32);
    bytes.extend(table);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&[(files.len() as u8), 0, (files.len() as u8), 0]);
    bytes.extend_from_slice(&size.to_le_bytes());
    bytes.extend_from_slice(&start.to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    bytes
}

fn model() -> Vec<u8> {
    let config = ModelConfig {
        architecture: Architecture::Wave,
        vocab_size: 5,
        embedding_dim: 8,
        num_layers: 1,
        num_heads: 2,
        ffn_dim: 8,
        field_size: 33,
        max_seq_len: 17,
        interference_interval: 1,
        position_scale: 0.03,
        ..ModelConfig::default()
    };
    Checkpoint::new(Model::new(config, 9).unwrap(), None)
        .to_bytes()
        .unwrap()
}

#[test]
fn what_the_page_opens_is_recognised() {
    is(&model(), Kind::Model, "safetensors");
    // Cut short it is one still: its reader says where it ends.
    is(&model()[..200], Kind::Model, "safetensors");
    let tokenizer = Tokenizer::train_character("abcde").unwrap().to_json();
    is(tokenizer.as_bytes(), Kind::Tokenizer, "tokenizer");
    is(
        format!("\u{feff}{tokenizer}").as_bytes(),
        Kind::Tokenizer,
        "tokenizer",
    );
    is(
        include_bytes!("../../tests/fixtures/files/special_token.tokenizer.json"),
        Kind::Tokenizer,
        "tokenizer",
    );
    is(
        b"{\"vocab_size\": 5, \"embedding_dim\": 8}",
        Kind::Config,
        "configuration",
    );
    is(
        b"{\"metadata\": {}, \"weight_map\": {\"a\": \"b\"}}",
        Kind::ModelIndex,
        "parts",
    );
    is(
        include_bytes!("../../models/shakespeare/train.toml"),
        Kind::Recipe,
        "recipe",
    );
    let run = [
        ("run.json", &b"{}"[..]),
        ("last.safetensors", &[7; 300_000]),
        ("losses.csv", b"step,loss\n"),
    ];
    is(&zip(&run), Kind::Training, "training");
    is(
        &zip(&[("Names/run.json", b"{}"), ("Names/last.safetensors", b"")]),
        Kind::Training,
        "training",
    );
    // Its end is missing: what stands at the beginning tells.
    is(
        &zip(&[
            ("run.json", b"{}"),
            ("losses.csv", b""),
            ("text.txt", b"abc"),
        ])[..120],
        Kind::Training,
        "training",
    );
}

#[test]
fn texts_are_texts_in_every_encoding() {
    let poem = "Tell me, where is fancy bred,\nOr in the heart, or in the head?\n";
    is(poem.as_bytes(), Kind::Text, "text");
    is(format!("\u{feff}{poem}").as_bytes(), Kind::Text, "text");
    let wide: Vec<u8> = poem.encode_utf16().flat_map(u16::to_le_bytes).collect();
    is(&wide, Kind::Text, "text");
    is(
        &[&[0xff, 0xfe], wide.as_slice()].concat(),
        Kind::Text,
        "text",
    );
    is(b"caf\xe9 au lait, s'il vous pla\xeet\n", Kind::Text, "text");
    is(
        "从前有一个国王，他有三个女儿。".as_bytes(),
        Kind::Text,
        "text",
    );
    is(
        include_bytes!("../../tests/fixtures/files/one_nul.txt"),
        Kind::Text,
        "text",
    );
    is(
        include_bytes!("../../tests/fixtures/files/one_bad_byte.txt"),
        Kind::Text,
        "text",
    );
    is(
        include_bytes!("../../tests/fixtures/files/control_characters.txt"),
        Kind::Text,
        "text",
    );
    for begins in [
        "BM, RIFF and GIF8 begin this text.",
        "ID3 is a tag",
        "PK is a name",
        "GGUF and ggml are kinds",
        "MZ\n",
        "[enter Hamlet] To be",
        "{stage direction} Exit",
        "<unk> is a token\n",
        "fLaC",
        "OggS",
        "Rar!",
        "wOFF it goes",
        "a",
        "# Title\n\nSome *markdown* text.\n",
        "fn main() { println!(\"{}\", 1); }\n",
        "emma,\nolivia,\nava,\n",
        "x",
    ] {
        is(begins.as_bytes(), Kind::Text, "text");
    }
    // What cuts through a character is the sample, not the file.
    let long = "é".repeat(SAMPLE);
    is(&long.as_bytes()[1..], Kind::Text, "text");
    is(long.as_bytes(), Kind::Text, "text");
}

#[test]
fn data_and_pages_are_told_from_texts() {
    is(
        b"\n<!DOCTYPE html><html><body>404: Not Found</body></html>",
        Kind::Data,
        "web page",
    );
    is(b"<!-- saved --><HTML><head>", Kind::Data, "web page");
    is(
        b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>",
        Kind::Data,
        "error message",
    );
    is(
        b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        Kind::Data,
        "picture",
    );
    is(
        b"{\"error\": \"Repository not found\"}",
        Kind::Data,
        "error message",
    );
    is(b"[{\"a\": 1}, {\"a\": 2}]", Kind::Data, "JSON");
    is(
        b"{\"format\": \"wavefield-run\", \"version\": 1}",
        Kind::Data,
        "description of a training",
    );
    is(b"step,loss\n1,2.5\n2,2.25\n", Kind::Data, "table");
    is(b"#version: 0.2\nt h\n", Kind::Data, "merges");
}

#[test]
fn other_files_are_called_what_they_are() {
    for (bytes, words) in [
        (
            &b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"[..],
            "Git LFS pointer",
        ),
        (b"%PDF-1.7\n%\xe2", "PDF"),
        (b"{\\rtf1 x}", "RTF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "older office"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "picture (PNG)"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "picture (JPEG)"),
        (b"GIF89a\x01\0\x01\0", "picture (GIF)"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "picture (WebP)"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0", "sound (WAV)"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "picture (HEIC)"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "film (MP4)"),
        (b"ID3\x03\0\0\0\0\0\0", "sound (MP3)"),
        (b"OggS\0\x02\0\0", "Ogg"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03abc", "gzip"),
        (b"\x28\xb5\x2f\xfd\x04\x58", "zstd"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "7z"),
        (b"BZh91AY&SY\0", "bzip2"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b"GGUF\x03\0\0\0\0\0\0\0", "GGUF"),
        (b"\x08\x07\x12\x07pytorch\x1a\x05", "ONNX"),
        (b"\x93NUMPY\x01\0v\0{'descr'", "NumPy"),
        (b"\x89HDF\r\n\x1a\n\0", "HDF5"),
        (b"\x80\x02}q\0(X\x06\0\0\0", "PyTorch"),
        (b"\x80\x04\x95\x05\0\0\0", "PyTorch"),
        (b"\x7fELF\x02\x01\x01\0", "program"),
        (b"SQLite format 3\0", "database"),
        (&[0; 600], "nothing but zeros"),
        (&[1, 0, 0, 0, 7, 0, 0, 0, 1, 2, 3], "not known"),
    ] {
        is(bytes, Kind::Other, words);
    }
    is(b"", Kind::Empty, "empty");
    let mut tar = [&b"a.txt"[..], &[0; 252], b"ustar\0"].concat();
    tar.resize(1024, 0);
    is(&tar, Kind::Other, "tar");
}

#[test]
fn archives_are_told_apart_by_what_is_in_them() {
    for (files, words) in [
        (
            &[
                ("archive/data.pkl", &b"\x80\x02"[..]),
                ("archive/data/0", b""),
            ][..],
            "PyTorch",
        ),
        (
            &[("[Content_Types].xml", b""), ("xl/workbook.xml", b"")],
            "Excel",
        ),
        (
            &[("mimetype", b"application/vnd.oasis.opendocument.text")],
            "OpenDocument",
        ),
        (&[("arr_0.npy", b"")], "NumPy"),
        (&[("config.json", b""), ("model.weights.h5", b"")], "Keras"),
    ] {
        is(&zip(files), Kind::Other, words);
    }
    for (files, words) in [
        (&[("word/document.xml", &b""[..])][..], "Word"),
        (
            &[("[Content_Types].xml", b""), ("word/document2.xml", b"")],
            "Word",
        ),
        (&[("mimetype", b"application/epub+zip")], "EPUB"),
        (
            &[("META-INF/container.xml", b""), ("OEBPS/book.opf", b"")],
            "EPUB",
        ),
    ] {
        is(&zip(files), Kind::Document, words);
    }
    let own: [(&str, &[u8]); 1] = [("word/of the day.txt", b"a")];
    is(&zip(&own), Kind::Archive, "of the day");
    let files: [(&str, &[u8]); 3] = [("a.txt", b"a"), ("b/", b""), ("b/c.txt", b"c")];
    is(&zip(&files), Kind::Archive, "\"a.txt\", \"b/c.txt\" in it");
    is(&zip(&[]), Kind::Archive, "a ZIP archive");
    is(b"PK\x03\x04\x14\0", Kind::Archive, "a ZIP archive");
}

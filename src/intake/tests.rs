use super::*;

const NUL: &[u8] = include_bytes!("../../tests/fixtures/files/one_nul.txt");
const BAD: &[u8] = include_bytes!("../../tests/fixtures/files/one_bad_byte.txt");
const CONTROLS: &[u8] = include_bytes!("../../tests/fixtures/files/control_characters.txt");

fn taken(bytes: &[u8]) -> Text {
    read(bytes, None).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(bytes: &[u8]) -> String {
    read(bytes, None).unwrap_err().to_string()
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let bytes = |unit: u16| {
        if big {
            unit.to_be_bytes()
        } else {
            unit.to_le_bytes()
        }
    };
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn a_nul_is_taken_out_and_its_place_is_named() {
    let Text { text, notes } = taken(NUL);
    assert_eq!(
        text,
        "Our tide was low at noon, and the mud was warm and soft"
    );
    assert_eq!(
        notes,
        ["One NUL character was taken out (line 1, character 47)."]
    );
    let late = format!("{}\n\0b\0", "é text ".repeat(20_000));
    let Text { text, notes } = taken(late.as_bytes());
    assert!(text.ends_with("\nb"), "{}", &text[text.len() - 9..]);
    assert_eq!(
        notes,
        ["2 NUL characters were taken out (the first in line 2, character 1)."]
    );
}

#[test]
fn a_byte_that_is_no_utf8_shows_and_its_place_is_named() {
    let Text { text, notes } = taken(BAD);
    assert!(text.contains("the caf\u{fffd} opens at nine, and the naïv"));
    assert_eq!(text.chars().filter(|&c| c == '\u{fffd}').count(), 1);
    assert_eq!(notes.len(), 1);
    let line = 1 + BAD[..1586].iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(
        notes[0],
        format!(
            "One byte of 4,399 is no UTF-8 (0xE9 at byte 1,587, line {line}) and shows as \u{fffd}."
        )
    );
    // At either end too, and where the file ends within a character.
    let german = "Zwölf Boxkämpfer jagen Viktor quer über den großen Deich.\n";
    for bytes in [
        [&[0xff], german.as_bytes()].concat(),
        [german.as_bytes(), &[0xff]].concat(),
        [german.as_bytes(), "ü".as_bytes().split_at(1).0].concat(),
    ] {
        let found = taken(&bytes);
        assert_eq!(found.text.replace('\u{fffd}', ""), german);
        assert!(found.notes[0].contains("no UTF-8"), "{:?}", found.notes);
    }
}

#[test]
fn control_characters_stay() {
    let Text { text, notes } = taken(CONTROLS);
    assert_eq!(text.as_bytes(), CONTROLS);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn line_ends_and_the_mark_are_tidied_wherever_the_file_is_cut() {
    let bytes = "\u{feff}a\r\nb\r\rcé😀\0\u{feff}\r".as_bytes();
    for first in 0..=bytes.len() {
        for second in first..=bytes.len() {
            let mut survey = Survey::default();
            let mut intake = Intake::new("utf-8", false);
            let mut text = String::new();
            for (piece, last) in [
                (&bytes[..first], false),
                (&bytes[first..second], false),
                (&bytes[second..], true),
            ] {
                survey.push(piece);
                text += &intake.push(piece, last);
            }
            assert_eq!(survey.finish(), Ok(Finding::Reads(Encoding::Utf8)));
            assert_eq!(text, "a\nb\n\ncé😀\u{feff}\n");
            let notes = intake.notes().unwrap();
            assert!(
                notes[0].contains("NUL") && notes[1].contains("line ends"),
                "{notes:?}"
            );
        }
    }
    assert_eq!(taken(b"a\nb\n").notes, [""; 0]);
}

#[test]
fn utf16_and_utf32_are_recognised_and_read() {
    for text in [
        "Hello there.\n",
        "Жил-был старик со старухой\nу самого синего моря",
        "从前有一个国王，他有三个女儿。\n",
        "लहर जाती है।\nऔर लौट आती है\n",
        "emoji 😀 and é\r\n",
        "a",
        "да\n",
    ] {
        let tidy = text.replace("\r\n", "\n");
        for big in [false, true] {
            for mark in ["", "\u{feff}"] {
                let found = taken(&utf16(&format!("{mark}{text}"), big));
                assert_eq!(found.text, tidy, "{mark:?} {big}");
                // A single letter and its zero are read either way.
                assert!(
                    text == "a" || found.notes[0].contains("UTF-16"),
                    "{:?}",
                    found.notes
                );
            }
            let four = |c: char| {
                if big {
                    u32::from(c).to_be_bytes()
                } else {
                    u32::from(c).to_le_bytes()
                }
            };
            let found = taken(
                &format!("\u{feff}{text}")
                    .chars()
                    .flat_map(four)
                    .collect::<Vec<_>>(),
            );
            assert_eq!(found.text, tidy);
            assert!(found.notes[0].contains("UTF-32"), "{:?}", found.notes);
        }
    }
    // Half a character, and half a byte pair, in what is sound otherwise.
    let long = "The tide comes in and goes out again. ".repeat(4);
    for half in [&[0x3d, 0xd8][..], &[0x41]] {
        let found = taken(&[&[0xff, 0xfe], utf16(&long, false).as_slice(), half].concat());
        assert_eq!(found.text, format!("{long}\u{fffd}"));
        assert!(
            found.notes[1].contains("could not be read"),
            "{:?}",
            found.notes
        );
    }
}

#[test]
fn an_older_encoding_is_for_the_person_to_say_and_the_byte_is_named() {
    let latin = b"In April the caf\xe9 opens at nine.\nNothing else is new.\n";
    let message = refused(latin);
    for words in ["0xE9", "byte 17", "line 1", "windows-1252", "UTF-8"] {
        assert!(message.contains(words), "{message}");
    }
    let russian = [0xc6, 0xe8, 0xeb, 0x2d, 0xe1, 0xfb, 0xeb, 0x20].repeat(30);
    assert!(
        refused(&russian).contains("0xC6 at byte 1 "),
        "{}",
        refused(&russian)
    );
    // As somebody said: read so, whatever comes out.
    let found = read(latin, Some(Encoding::Utf8)).unwrap();
    assert!(found.text.contains("caf\u{fffd} opens"));
    let mut intake = Intake::new("windows-1252", true);
    assert!(!intake.decodes());
    assert_eq!(
        intake.push_text("café\r", false) + &intake.push_text("\nopen\0s", true),
        "café\nopens"
    );
    assert!(intake.notes().unwrap()[0].contains("windows-1252"));
}

#[test]
fn what_is_no_text_is_said_to_be_what_it_is() {
    for (bytes, words) in [
        (&b""[..], "empty"),
        (b"%PDF-1.7\n%abc", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0", "picture"),
        (
            b"PK\x03\x04\x14\0\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            "ZIP",
        ),
        (b"a\0bc\0\0", "choose a file that a text editor can show"),
        (
            &[1, 0, 0, 0, 7, 0, 0, 0, 1, 2, 3],
            "choose a file that a text editor can show",
        ),
        (b"\xef\xbb\xbfa\xff", "damaged or cut short"),
    ] {
        assert!(refused(bytes).contains(words), "{}", refused(bytes));
    }
    // A beginning that is text does not make the rest one.
    let mut half = "text and more text ".repeat(4_000).into_bytes();
    half.extend((0..200_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8));
    assert!(
        refused(&half).contains("none") || refused(&half).contains("older"),
        "{}",
        refused(&half)
    );
}

#[test]
fn numbers_are_grouped() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(grouped(number), text);
    }
}

//! How a byte is written as a character in a byte-level `tokenizer.json`.
//!
//! JSON holds text, and a token may be any bytes, so each byte has one visible character: the
//! printable ones of Latin-1 stand for themselves, and the other 68 for the characters from U+0100
//! on, in order. The scheme is GPT-2's.

/// The character that stands for a byte.
pub(super) fn byte_to_char(byte: u8) -> char {
    let code = match byte {
        0x00..=0x20 => 0x100 + u32::from(byte),
        0x7f..=0xa0 => 0x121 + u32::from(byte - 0x7f),
        0xad => 0x143,
        _ => u32::from(byte),
    };
    char::from_u32(code).expect("below U+0144")
}

/// The byte that a character stands for, if it stands for one.
pub(super) fn char_to_byte(c: char) -> Option<u8> {
    let code = u32::from(c);
    let byte = match code {
        0x100..=0x120 => code - 0x100,
        0x121..=0x142 => code - 0x121 + 0x7f,
        0x143 => 0xad,
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => code,
        _ => return None,
    };
    u8::try_from(byte).ok()
}

/// All bytes in the order of their characters: the first 256 ids of a vocabulary trained here, as
/// of one trained with the `tokenizers` library.
pub(super) fn alphabet() -> Vec<u8> {
    ('\0'..='\u{143}').filter_map(char_to_byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_own_character() {
        for byte in 0..=255 {
            assert_eq!(char_to_byte(byte_to_char(byte)), Some(byte));
        }
        let back = (0..=0x10_ffff)
            .filter_map(char::from_u32)
            .filter_map(char_to_byte);
        assert_eq!(back.count(), 256);
    }

    #[test]
    fn the_known_ones_are_gpt_2s() {
        assert_eq!(byte_to_char(b' '), 'Ġ');
        assert_eq!(byte_to_char(b'\n'), 'Ċ');
        assert_eq!(byte_to_char(0xad), 'Ń');
        assert_eq!(alphabet()[0], b'!');
    }
}

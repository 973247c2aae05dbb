//! Tokens that a `tokenizer.json` adds to its vocabulary, such as `<|endoftext|>`: a text is cut at
//! them before anything else, so that each is one token wherever it stands.

use super::unicode::{Class, class_of};

/// One added token, with what the `tokenizers` library knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    pub id: u32,
    pub content: String,
    /// Only where no letter stands beside it.
    pub single_word: bool,
    /// It takes the white space before it.
    pub lstrip: bool,
    /// It takes the white space after it.
    pub rstrip: bool,
    /// Looked for after those that are not. There is no normalizer, so nothing else follows from it.
    pub normalized: bool,
    /// It stands for no text. It is found like any other.
    pub special: bool,
}

/// A piece of a text: an added token, or what stands between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Token(u32),
    Text(&'a str),
}

/// Cuts a text at the added tokens, as the library does: the leftmost first, of several there the
/// longest; those that are not normalized before the others.
pub(super) fn cut<'a>(text: &'a str, added: &[Added]) -> Vec<Piece<'a>> {
    let mut pieces = vec![Piece::Text(text)];
    for normalized in [false, true] {
        // By whole numbers, of which the engine sorts others too: each kind brings 6 KB of code.
        let mut order: Vec<u64> = (added.iter().zip(0u64..))
            .filter(|(token, _)| token.normalized == normalized)
            .map(|(token, place)| u64::from(!(token.content.len() as u32)) << 32 | place)
            .collect();
        if order.is_empty() {
            continue;
        }
        order.sort_unstable();
        let tokens: Vec<&Added> = (order.iter().map(|at| &added[*at as u32 as usize])).collect();
        let mut cut = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Text(text) => cut_at(text, &tokens, &mut cut),
                token => cut.push(token),
            }
        }
        pieces = cut;
    }
    pieces
}

/// Cuts at tokens of one kind, the longest first.
fn cut_at<'a>(text: &'a str, tokens: &[&Added], pieces: &mut Vec<Piece<'a>>) {
    let mut begins = [false; 256];
    for token in tokens {
        begins[usize::from(token.content.as_bytes()[0])] = true;
    }
    let bytes = text.as_bytes();
    let (mut done, mut at) = (0, 0);
    while at < bytes.len() {
        let found = begins[usize::from(bytes[at])]
            .then(|| {
                (tokens.iter()).find(|token| bytes[at..].starts_with(token.content.as_bytes()))
            })
            .flatten();
        let Some(token) = found else {
            at += 1;
            continue;
        };
        let (mut start, mut end) = (at, at + token.content.len());
        at = end;
        if token.single_word && (ends_in_word(&text[..start]) || begins_in_word(&text[end..])) {
            continue;
        }
        if token.lstrip {
            start = text[done..start].trim_end_matches(is_space).len() + done;
        }
        if token.rstrip {
            end = text.len() - text[end..].trim_start_matches(is_space).len();
        }
        if done < start {
            pieces.push(Piece::Text(&text[done..start]));
        }
        pieces.push(Piece::Token(token.id));
        (done, at) = (end, end);
    }
    if done < text.len() {
        pieces.push(Piece::Text(&text[done..]));
    }
}

fn is_space(c: char) -> bool {
    class_of(c) == Class::Space
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(is_word)
}

fn begins_in_word(text: &str) -> bool {
    text.chars().next().is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: u32, content: &str) -> Added {
        Added {
            id,
            content: content.into(),
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: true,
        }
    }

    #[test]
    fn the_leftmost_longest_token_is_found() {
        use Piece::{Text, Token};
        let added = [token(0, "<a"), token(1, "<a>"), token(2, "é")];
        assert_eq!(
            cut("x<a> <a<é<a>", &added),
            [
                Text("x"),
                Token(1),
                Text(" "),
                Token(0),
                Text("<"),
                Token(2),
                Token(1)
            ]
        );
        assert_eq!(cut("plain", &added), [Text("plain")]);
        assert_eq!(cut("plain", &[]), [Text("plain")]);
        assert_eq!(cut("", &added), []);
    }

    #[test]
    fn white_space_and_words_beside_a_token_count_as_it_says() {
        use Piece::{Text, Token};
        let left = Added {
            lstrip: true,
            ..token(0, "<l>")
        };
        let right = Added {
            rstrip: true,
            ..token(1, "<r>")
        };
        let word = Added {
            single_word: true,
            ..token(2, "tide")
        };
        let late = Added {
            normalized: true,
            ..token(3, "r> ")
        };
        let added = [left, right, word, late];
        assert_eq!(cut("a \t<l> b", &added), [Text("a"), Token(0), Text(" b")]);
        assert_eq!(cut("a <r> \n b", &added), [Text("a "), Token(1), Text("b")]);
        assert_eq!(
            cut("tide tides, tide", &added),
            [Token(2), Text(" tides, "), Token(2)]
        );
        assert_eq!(cut("<r> r> x", &added), [Token(1), Token(3), Text("x")]);
    }
}

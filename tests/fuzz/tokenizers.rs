//! `tokenizer.json`: what is read must encode, decode and be written again as it is.

use crate::mutate::{Random, change, change_bytes, odd_text};
use serde_json::Value;
use std::ops::ControlFlow;
use wavefield::tokenizer::Tokenizer;

const TEXT: &str =
    "The sea, the sea; the open sea!\nThe blue, the fresh, the ever free. 1234 éß🙂\n";

/// A sound one.
pub fn sound(random: &mut Random) -> Tokenizer {
    let size = 256 + random.below(40);
    match random.once_in(2) {
        true => Tokenizer::train_character(TEXT),
        false => Tokenizer::train_bpe(TEXT, size, |_, _| ControlFlow::Continue(())),
    }
    .expect("the text is sound")
}

/// The text of one with something changed in it.
pub fn changed(random: &mut Random) -> String {
    let text = sound(random).to_json();
    if random.once_in(3) {
        let mut bytes = text.into_bytes();
        change_bytes(&mut bytes, random);
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    let mut value: Value = serde_json::from_str(&text).expect("it was just written");
    for _ in 0..1 + random.below(3) {
        change(&mut value, random);
    }
    value.to_string()
}

pub fn try_out(random: &mut Random) {
    match Tokenizer::from_json(&changed(random)) {
        Err(error) => assert!(error.to_string().len() > 20, "{error}"),
        Ok(tokenizer) => use_it(&tokenizer, random),
    }
}

fn use_it(tokenizer: &Tokenizer, random: &mut Random) {
    let again = Tokenizer::from_json(&tokenizer.to_json());
    assert_eq!(again.as_ref(), Ok(tokenizer), "it is not what it wrote");
    for text in [TEXT.to_string(), odd_text(random)] {
        let Ok(ids) = tokenizer.encode(&text) else {
            continue;
        };
        let known = ids.iter().all(|id| (*id as usize) < tokenizer.vocab_size());
        assert!(known, "an id beyond the vocabulary");
        assert_eq!(tokenizer.decode(&ids), text, "text came back as another");
        let mut stream = tokenizer.streamer();
        let mut piecewise: String = ids.iter().map(|id| stream.push(tokenizer, *id)).collect();
        piecewise.push_str(&stream.finish());
        assert_eq!(piecewise, text, "text came back as another, token by token");
    }
    let any: Vec<u32> = (0..8).map(|_| random.below(600) as u32).collect();
    tokenizer.decode(&any);
    for id in any {
        tokenizer.token_text(id);
    }
}

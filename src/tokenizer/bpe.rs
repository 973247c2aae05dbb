//! Byte-level byte-pair encoding: a text is cut into words, and within each word the pair of
//! neighbouring tokens with the earliest merge is joined, until no pair has one.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::added::{Added, Piece, cut};
use super::byte_level::byte_to_char;
use super::error;
use super::hash::IntegerMap;
use super::unknown::refuse_unknown;
use super::words::Words;
use crate::Result;

/// No neighbour, no token.
const NONE: u32 = u32::MAX;

/// A byte-level BPE vocabulary.
#[derive(Clone, Debug, PartialEq)]
pub struct Bpe {
    /// The bytes of each id.
    tokens: Vec<Vec<u8>>,
    /// The pairs of ids that are joined, the earliest first.
    merges: Vec<(u32, u32)>,
    /// A pair's place among the merges, and the id that it becomes.
    ranks: IntegerMap<u64, (u32, u32)>,
    /// Tokens that stand for themselves wherever their text comes up.
    added: Vec<Added>,
    /// The id of each single byte; `NONE` if a file from elsewhere leaves one out.
    bytes: Vec<u32>,
}

impl Bpe {
    /// A vocabulary from the bytes of each id and the merges in their order.
    ///
    /// # Errors
    /// [`crate::Error::Tokenizer`] if a token is empty or stands twice, or a merge names or makes
    /// a token that there is not.
    pub(super) fn new(
        tokens: Vec<Vec<u8>>,
        merges: Vec<(u32, u32)>,
        added: Vec<Added>,
    ) -> Result<Self> {
        let mut ids: HashMap<&[u8], u32> = HashMap::with_capacity(tokens.len());
        for (id, token) in (0..NONE).zip(&tokens) {
            if token.is_empty() {
                return Err(error(format!(
                    "expected text for token {id}, found an empty one."
                )));
            }
            // An added token is found by its text alone: merges may make the same bytes.
            if added.iter().any(|added| added.id == id) {
                ids.entry(token).or_insert(id);
            } else if let Some(other) = ids.insert(token, id)
                && !added.iter().any(|added| added.id == other)
            {
                return Err(error(format!(
                    "expected each token once, found the ids {other} and {id} with the same text.",
                )));
            }
        }
        let mut ranks = IntegerMap::default();
        let mut joined = Vec::new();
        for (rank, &(left, right)) in (0..).zip(&merges) {
            joined.clear();
            for id in [left, right] {
                let token = tokens.get(id as usize).ok_or_else(|| {
                    error(format!(
                        "expected tokens of the vocabulary in merge {rank}, found {id}."
                    ))
                })?;
                joined.extend_from_slice(token);
            }
            let id = *ids.get(joined.as_slice()).ok_or_else(|| {
                let text: String = joined.iter().map(|&byte| byte_to_char(byte)).collect();
                error(format!(
                    "expected the result of merge {rank}, {text:?}, in the vocabulary, found no \
                     such token. The file is incomplete: save or download it again.",
                ))
            })?;
            ranks.insert(key(left, right), (rank, id));
        }
        let bytes = (0..=255).map(|byte: u8| ids.get([byte].as_slice()).copied().unwrap_or(NONE));
        let bytes = bytes.collect();
        Ok(Bpe {
            tokens,
            merges,
            ranks,
            added,
            bytes,
        })
    }

    /// The number of tokens.
    pub fn vocab_size(&self) -> usize {
        self.tokens.len()
    }

    /// The bytes of each id.
    pub fn tokens(&self) -> &[Vec<u8>] {
        &self.tokens
    }

    /// The pairs of ids that are joined, the earliest first.
    pub fn merges(&self) -> &[(u32, u32)] {
        &self.merges
    }

    /// The tokens that were added to the vocabulary.
    pub fn added(&self) -> &[Added] {
        &self.added
    }

    /// The ids of a text.
    ///
    /// # Errors
    /// [`crate::Error::Tokenizer`] if the vocabulary leaves out bytes that the text has.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let pieces = cut(text, &self.added);
        if self.bytes.contains(&NONE) {
            let known = |c: char| {
                let mut buffer = [0; 4];
                c.encode_utf8(&mut buffer)
                    .bytes()
                    .all(|byte| self.byte_id(byte) != NONE)
            };
            if self.added.is_empty() {
                refuse_unknown(text, known)?;
            }
            for piece in &pieces {
                if let Piece::Text(text) = piece {
                    refuse_unknown(text, known)?;
                }
            }
        }
        let mut ids = Vec::with_capacity(text.len() / 2);
        // Where in `ids` a word that comes again was written first.
        let mut seen: HashMap<&str, (usize, usize)> = HashMap::new();
        let mut joiner = Joiner::default();
        for piece in pieces {
            let text = match piece {
                Piece::Text(text) => text,
                Piece::Token(id) => {
                    ids.push(id);
                    continue;
                }
            };
            self.encode_piece(text, &mut ids, &mut seen, &mut joiner);
        }
        Ok(ids)
    }

    /// Adds the ids of a text without added tokens.
    fn encode_piece<'a>(
        &self,
        text: &'a str,
        ids: &mut Vec<u32>,
        seen: &mut HashMap<&'a str, (usize, usize)>,
        joiner: &mut Joiner,
    ) {
        for word in Words::new(text) {
            if let &[byte] = word.as_bytes() {
                ids.push(self.byte_id(byte));
            } else if let Some(&(start, end)) = seen.get(word) {
                ids.extend_from_within(start..end);
            } else {
                let start = ids.len();
                joiner.join(self, word, ids);
                seen.insert(word, (start, ids.len()));
            }
        }
    }

    /// Adds the bytes of a token; false if there is no such id.
    pub(super) fn append_bytes(&self, id: u32, bytes: &mut Vec<u8>) -> bool {
        let Some(token) = self.tokens.get(id as usize) else {
            return false;
        };
        bytes.extend_from_slice(token);
        true
    }

    fn byte_id(&self, byte: u8) -> u32 {
        self.bytes[usize::from(byte)]
    }
}

/// A pair of ids as one number, which sorts as the pair does.
pub(super) fn key(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

/// A token within a word, linked to its neighbours by their places.
#[derive(Clone, Copy)]
struct Symbol {
    id: u32,
    previous: u32,
    next: u32,
}

/// Joins pairs within one word in O(n log n); kept from word to word for its buffers.
#[derive(Default)]
struct Joiner {
    symbols: Vec<Symbol>,
    /// The rank and the place of a pair that can be joined: earliest merge first, then leftmost.
    /// An entry whose pair has changed meanwhile is skipped when its turn comes.
    queue: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Joiner {
    fn join(&mut self, bpe: &Bpe, word: &str, ids: &mut Vec<u32>) {
        let length = word.len() as u32;
        self.symbols.clear();
        self.symbols
            .extend((0..).zip(word.bytes()).map(|(at, byte)| Symbol {
                id: bpe.byte_id(byte),
                previous: if at == 0 { NONE } else { at - 1 },
                next: if at + 1 == length { NONE } else { at + 1 },
            }));
        for at in 0..length {
            self.propose(bpe, at);
        }
        while let Some(Reverse((rank, at))) = self.queue.pop() {
            if let Some((found, id)) = self.merge_at(bpe, at)
                && found == rank
            {
                self.replace(at, id);
                self.propose(bpe, self.symbols[at as usize].previous);
                self.propose(bpe, at);
            }
        }
        ids.extend(
            self.symbols
                .iter()
                .map(|symbol| symbol.id)
                .filter(|&id| id != NONE),
        );
    }

    /// The merge of the pair that begins at a place, if there is one.
    fn merge_at(&self, bpe: &Bpe, at: u32) -> Option<(u32, u32)> {
        let left = self.symbols.get(at as usize)?;
        let right = self.symbols.get(left.next as usize)?;
        bpe.ranks.get(&key(left.id, right.id)).copied()
    }

    fn propose(&mut self, bpe: &Bpe, at: u32) {
        if let Some((rank, _)) = self.merge_at(bpe, at) {
            self.queue.push(Reverse((rank, at)));
        }
    }

    /// The pair at a place becomes one token there; the right one's place is left empty.
    fn replace(&mut self, at: u32, id: u32) {
        let right = self.symbols[at as usize].next as usize;
        let after = self.symbols[right].next;
        self.symbols[right] = Symbol {
            id: NONE,
            previous: NONE,
            next: NONE,
        };
        self.symbols[at as usize].id = id;
        self.symbols[at as usize].next = after;
        if let Some(after) = self.symbols.get_mut(after as usize) {
            after.previous = at;
        }
    }
}

//! Training a byte-level BPE vocabulary.
//!
//! Each distinct word is kept once with its count. All stand in one array of symbols, linked to
//! their neighbours within the word, and each pair knows its places: so a merge costs as much as
//! the pair has places, however long the words are.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::ops::ControlFlow;

use super::bpe::{Bpe, key};
use super::byte_level::alphabet;
use super::error;
use super::hash::IntegerMap;
use super::words::Words;
use crate::Result;
use crate::memory;

/// A pair that occurs once is no pattern.
const MINIMUM_COUNT: u64 = 2;

/// A symbol of a word: itself, its neighbours, its weight, its place in a pair, and its share of a queue.
const BYTES_A_SYMBOL: u64 = 40;

/// No neighbour, no symbol.
const NONE: u32 = u32::MAX;

/// Merges the most frequent pair until there are `vocab_size` tokens.
pub(super) fn train(
    text: &str,
    vocab_size: usize,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Bpe> {
    let mut tokens: Vec<Vec<u8>> = alphabet().into_iter().map(|byte| vec![byte]).collect();
    if vocab_size < tokens.len() {
        return Err(error(format!(
            "expected a vocabulary of at least {}, one token a byte, found {vocab_size}. Choose a \
             larger one, or the character tokenizer.",
            tokens.len(),
        )));
    }
    let mut ids: HashMap<Vec<u8>, u32> = tokens.iter().cloned().zip(0..).collect();
    let mut merges = Vec::new();
    let mut joined = HashSet::new();
    let mut corpus = Corpus::new(text, &ids)?;
    while tokens.len() < vocab_size {
        if progress(tokens.len(), vocab_size).is_break() {
            return Err(error(format!(
                "stopped after {} of {vocab_size} tokens. Start again for a whole vocabulary.",
                tokens.len(),
            )));
        }
        let Some((left, right)) = corpus.most_frequent() else {
            break;
        };
        let bytes = [tokens[left as usize].as_slice(), &tokens[right as usize]].concat();
        // Two ways can lead to the same bytes; they share a token.
        let id = *ids.entry(bytes).or_insert_with_key(|bytes| {
            tokens.push(bytes.clone());
            (tokens.len() - 1) as u32
        });
        if joined.insert((left, right)) {
            merges.push((left, right));
        }
        corpus.merge(left, right, id);
    }
    Bpe::new(tokens, merges, Vec::new())
}

/// A pair's count, words weighted by theirs, and the places of its left symbol.
#[derive(Default)]
struct Occurrences {
    count: u64,
    /// Some may be out of date: a merge does not remove the places of the pairs that it breaks.
    places: Vec<u32>,
}

/// The distinct words of a text as symbols.
struct Corpus {
    symbols: Vec<u32>,
    previous: Vec<u32>,
    next: Vec<u32>,
    /// How often the word of this symbol occurs.
    weights: Vec<u64>,
    pairs: IntegerMap<u64, Occurrences>,
    /// Counts may be out of date, but never too low.
    queue: BinaryHeap<(u64, Reverse<u64>)>,
}

impl Corpus {
    /// # Errors
    /// [`crate::Error::Memory`] when the distinct words are too long together.
    fn new(text: &str, ids: &HashMap<Vec<u8>, u32>) -> Result<Self> {
        let words = count_words(text);
        let symbols: u64 = words.iter().map(|(word, _)| word.len() as u64).sum();
        memory::check(
            "Learning word pieces from this text",
            BYTES_A_SYMBOL * symbols,
            "choose a shorter text, or read it as characters",
        )?;
        let mut corpus = Corpus {
            symbols: Vec::new(),
            previous: Vec::new(),
            next: Vec::new(),
            weights: Vec::new(),
            pairs: IntegerMap::default(),
            queue: BinaryHeap::new(),
        };
        for (word, count) in words {
            let start = corpus.symbols.len() as u32;
            let end = start + word.len() as u32;
            corpus
                .symbols
                .extend(word.bytes().map(|byte| ids[[byte].as_slice()]));
            corpus
                .previous
                .extend((start..end).map(|at| if at == start { NONE } else { at - 1 }));
            corpus
                .next
                .extend((start..end).map(|at| if at + 1 == end { NONE } else { at + 1 }));
            corpus
                .weights
                .extend(std::iter::repeat_n(count, word.len()));
            for at in start..end.saturating_sub(1) {
                let pair = key(corpus.symbols[at as usize], corpus.symbols[at as usize + 1]);
                corpus.add(pair, at);
            }
        }
        corpus.queue = corpus
            .pairs
            .iter()
            .map(|(&pair, o)| (o.count, Reverse(pair)))
            .collect();
        Ok(corpus)
    }

    /// The pair with the highest count; of several, the one with the lowest ids.
    fn most_frequent(&mut self) -> Option<(u32, u32)> {
        while let Some((count, Reverse(pair))) = self.queue.pop() {
            let current = self
                .pairs
                .get(&pair)
                .map_or(0, |occurrences| occurrences.count);
            if current == count {
                let ids = ((pair >> 32) as u32, pair as u32);
                return (count >= MINIMUM_COUNT).then_some(ids);
            }
            if current > 0 {
                self.queue.push((current, Reverse(pair)));
            }
        }
        None
    }

    /// Puts `id` in place of every `left` that is followed by `right`.
    fn merge(&mut self, left: u32, right: u32, id: u32) {
        let Some(occurrences) = self.pairs.remove(&key(left, right)) else {
            return;
        };
        let mut places = occurrences.places;
        // From left to right, so that three equal symbols join at the first two.
        places.sort_unstable();
        let mut created = Vec::new();
        for at in places {
            let second = self.next[at as usize];
            if self.symbol(at) != left || self.symbol(second) != right {
                continue;
            }
            let (before, after) = (self.previous[at as usize], self.next[second as usize]);
            if before != NONE {
                self.remove(key(self.symbol(before), left), at);
                let pair = key(self.symbol(before), id);
                self.add(pair, before);
                created.push(pair);
            }
            if after != NONE {
                self.remove(key(right, self.symbol(after)), at);
                let pair = key(id, self.symbol(after));
                self.add(pair, at);
                created.push(pair);
                self.previous[after as usize] = at;
            }
            self.symbols[at as usize] = id;
            self.next[at as usize] = after;
            self.symbols[second as usize] = NONE;
        }
        created.sort_unstable();
        created.dedup();
        for pair in created {
            let count = self.pairs[&pair].count;
            self.queue.push((count, Reverse(pair)));
        }
    }

    fn symbol(&self, at: u32) -> u32 {
        self.symbols.get(at as usize).copied().unwrap_or(NONE)
    }

    fn add(&mut self, pair: u64, at: u32) {
        let occurrences = self.pairs.entry(pair).or_default();
        occurrences.count += self.weights[at as usize];
        occurrences.places.push(at);
    }

    /// The pair that is being merged is gone already, and may still break itself, as in `aaa`.
    fn remove(&mut self, pair: u64, at: u32) {
        if let Some(occurrences) = self.pairs.get_mut(&pair) {
            occurrences.count -= self.weights[at as usize];
        }
    }
}

/// The distinct words and how often each occurs, in the order of their first appearance.
fn count_words(text: &str) -> Vec<(&str, u64)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut words: Vec<(&str, u64)> = Vec::new();
    for word in Words::new(text) {
        let place = *places.entry(word).or_insert_with(|| {
            words.push((word, 0));
            words.len() - 1
        });
        words[place].1 += 1;
    }
    words
}

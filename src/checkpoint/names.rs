//! What other programs do to a model's tensors on the way to a file: they wrap it, which puts a
//! prefix before every name, and they store more than what was learned.

use super::container::error;
use crate::error::Result;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::BTreeMap;

type Tensors<'a> = BTreeMap<String, TensorView<'a>>;

/// Every model has this tensor, so what stands before it is a prefix.
const ANCHOR: &str = "token_embedding.weight";
/// A run's own tensors, whose names begin so, have the anchor in them too.
const OPTIMIZER: &str = "optimizer.";
/// Whatever is in a file of ours or the release's ends with one of these somewhere.
const OURS: [&str; 4] = [
    ANCHOR,
    "attention.wave_frequency",
    "self_attn.in_proj_weight",
    "positional_embedding.weight",
];
/// What PyTorch puts between parts of a name where a part of the model was wrapped.
const WRAPPERS: [&str; 4] = [
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
    "_forward_module",
];
/// Last parts of the names of tables that a program computes and stores beside what was learned.
const BUFFERS: [&str; 21] = [
    "position_ids",
    "positions",
    "position_cache",
    "position_encoding",
    "num_batches_tracked",
    "running_mean",
    "running_var",
    "mask",
    "attn_mask",
    "causal_mask",
    "attention_mask",
    "masked_bias",
    "inv_freq",
    "freqs",
    "freqs_cis",
    "cos_cached",
    "sin_cached",
    "cos_cache",
    "sin_cache",
    "pe",
    "n_averaged",
];
/// A note names this many, and counts the others.
const NAMED: usize = 4;

/// Gives the tensors the names that they have in a model that nobody wrapped.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when two tensors would have the same name then, and when nothing in
/// the file is of a model of ours.
pub fn unwrapped<'a>(tensors: Tensors<'a>, notes: &mut Vec<String>) -> Result<Tensors<'a>> {
    if !tensors
        .keys()
        .any(|name| OURS.iter().any(|end| name.ends_with(end)))
    {
        return Err(error(
            "tensors",
            format!(
                "expected those of a Wave Field model or of a standard Transformer, such as \
                 `{ANCHOR}`, found {}; it is a model of another kind",
                listed(tensors.keys())
            ),
        ));
    }
    let prefix = prefix_of(&tensors);
    let (mut found, mut changed) = (Tensors::new(), 0);
    let total = tensors.len();
    let mut inner = false;
    for (name, tensor) in tensors {
        let bare = name.strip_prefix(prefix.as_str()).unwrap_or(&name);
        let short = without_wrappers(bare);
        inner |= short != bare;
        changed += usize::from(short != name);
        if found.insert(short.clone(), tensor).is_some() {
            return Err(error(
                short,
                "expected once, found twice: with and without the prefix of a wrapper; save one \
                 model in a file",
            ));
        }
    }
    if changed > 0 {
        let taken = if prefix.is_empty() {
            WRAPPERS[0].to_string() + "."
        } else {
            prefix
        };
        let whose = match (
            taken.contains(WRAPPERS[0]) || inner,
            taken.contains("module."),
        ) {
            (true, true) => "a compiled and parallel PyTorch model",
            (true, false) => "a compiled PyTorch model",
            (false, true) => "a parallel PyTorch model",
            (false, false) => "another program's wrapper",
        };
        let names = if changed == total {
            "every name".into()
        } else {
            format!("{changed} of {total} names")
        };
        notes.push(format!(
            "the prefix `{taken}` ({whose}) was taken off {names}"
        ));
    }
    Ok(found)
}

/// What stands before the one embedding in the file; of several, the shortest is the model's.
fn prefix_of(tensors: &Tensors<'_>) -> String {
    let before = tensors.keys().filter(|name| !name.starts_with(OPTIMIZER));
    let prefixes = before.filter_map(|name| name.strip_suffix(ANCHOR));
    let whole = prefixes.filter(|prefix| prefix.is_empty() || prefix.ends_with('.'));
    whole.min_by_key(|prefix| prefix.len()).unwrap_or("").into()
}

fn without_wrappers(name: &str) -> String {
    let parts: Vec<&str> = (name.split('.'))
        .filter(|part| !WRAPPERS.contains(part))
        .collect();
    parts.join(".")
}

/// Takes out of `rest`, which is what the model did not take, whatever was not learned: integers,
/// tables that are computed, and copies of tensors in `all`.
pub fn set_aside(rest: &mut Tensors<'_>, all: &Tensors<'_>, notes: &mut Vec<String>) {
    let (mut integers, mut tables, mut copies) = (Vec::new(), Vec::new(), Vec::new());
    rest.retain(|name, tensor| {
        let last = name.rsplit('.').next().unwrap_or(name);
        let list = if is_integer(tensor.dtype()) {
            &mut integers
        } else if BUFFERS.contains(&last) {
            &mut tables
        } else if is_copy(name, tensor, all) {
            &mut copies
        } else {
            return true;
        };
        list.push(name.clone());
        false
    });
    for (names, one, several) in [
        (integers, "an integer buffer", "integer buffers"),
        (
            tables,
            "a table that is computed anew",
            "tables that are computed anew",
        ),
        (
            copies,
            "a copy of another tensor",
            "copies of other tensors",
        ),
    ] {
        match names.len() {
            0 => {}
            1 => notes.push(format!("`{}` ({one}) was left aside", names[0])),
            _ => notes.push(format!(
                "{} ({several}) were left aside",
                listed(names.iter())
            )),
        }
    }
}

fn is_integer(dtype: Dtype) -> bool {
    matches!(
        dtype,
        Dtype::BOOL
            | Dtype::U8
            | Dtype::I8
            | Dtype::U16
            | Dtype::I16
            | Dtype::U32
            | Dtype::I32
            | Dtype::U64
            | Dtype::I64
    )
}

/// A tied weight that was stored under both of its names.
fn is_copy(name: &str, tensor: &TensorView<'_>, all: &Tensors<'_>) -> bool {
    all.iter().any(|(other, known)| {
        other != name
            && known.dtype() == tensor.dtype()
            && known.shape() == tensor.shape()
            && tensor.shape().len() > 1
            && known.data() == tensor.data()
    })
}

/// Names for a message: the first few, and how many more there are.
pub fn listed<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let first: Vec<String> = names.take(NAMED).map(|name| format!("`{name}`")).collect();
    match (first.len(), more) {
        (0, _) => "none".into(),
        (_, 0) => first.join(", "),
        (_, more) => format!("{} and {more} more", first.join(", ")),
    }
}

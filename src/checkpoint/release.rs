//! Between our parameters and the public release's tensors.
//!
//! The release computes queries and an interference norm and never uses either. Our models have
//! neither: reading drops them, writing fills them in, so that every file of ours loads strictly
//! there.

use super::container::error;
use super::encode::TensorOut;
use super::names::listed;
use super::precision::{Precision, SCALE, floats};
use crate::config::ModelConfig;
use crate::error::{Error, Result};
use crate::model::{Model, ParameterSpec, Parameters};
use safetensors::tensor::{Dtype, TensorView};
use std::collections::BTreeMap;

/// How the release has one of our parameters: the same rows, after some that it never uses.
struct ReleaseForm {
    shape: Vec<usize>,
    /// Values at the front that our models do not have.
    unused: usize,
}

/// The query third comes first: its gradients are zero in the release.
fn release_form(spec: &ParameterSpec) -> ReleaseForm {
    let mut shape = spec.shape.clone();
    let mut unused = 0;
    if spec.name.contains(".qkv_proj.") {
        unused = spec.len() / 2;
        shape[0] = shape[0] / 2 * 3;
    }
    ReleaseForm { shape, unused }
}

/// The names and values of what the release has besides: the interference norm.
fn unused_tensors(config: &ModelConfig) -> impl Iterator<Item = (String, f32)> {
    (0..config.num_interference()).flat_map(|j| {
        let name = move |part| format!("interference_modules.{j}.norm.{part}");
        [(name("weight"), 1.0), (name("bias"), 0.0)]
    })
}

/// All tensors of the release's form.
pub fn write(model: &Model, precision: Precision) -> BTreeMap<String, TensorOut<'_>> {
    let flat = model.parameters.flat();
    let own = model.parameters.specs().iter().map(|spec| {
        let ReleaseForm { shape, unused } = release_form(spec);
        let tensor = TensorOut {
            shape,
            filling: (unused, 0.0),
            values: &flat[spec.range()],
            precision,
        };
        (spec.name.clone(), tensor)
    });
    let filled = unused_tensors(&model.config).map(|(name, value)| {
        let dim = model.config.embedding_dim;
        let tensor = TensorOut {
            shape: vec![dim],
            filling: (dim, value),
            values: &[],
            precision,
        };
        (name, tensor)
    });
    // Not collected: that would sort them first, with 6 KB of code for it alone.
    let mut tensors = BTreeMap::new();
    tensors.extend(own.chain(filled));
    tensors
}

/// Takes a model's tensors out of `tensors`.
///
/// # Errors
/// [`crate::Error::Checkpoint`] names the first tensor that is missing, of another shape or type,
/// or holds something that is not a number.
pub fn read(config: ModelConfig, tensors: &mut BTreeMap<String, TensorView<'_>>) -> Result<Model> {
    let mut model = Model::zeros(config)?;
    let specs = model.parameters.specs().to_vec();
    let flat = model.parameters.flat_mut();
    for spec in &specs {
        let ReleaseForm { shape, unused } = release_form(spec);
        if !tensors.contains_key(&spec.name) {
            return Err(missing(&spec.name, &shape, &specs, tensors));
        }
        let values = take(tensors, &spec.name, &shape)?;
        flat[spec.range()].copy_from_slice(&values[unused..]);
    }
    for (name, _) in unused_tensors(&model.config) {
        if tensors.contains_key(&name) {
            take(tensors, &name, &[model.config.embedding_dim])?;
        }
    }
    Ok(model)
}

/// A tensor that is not there, with the names that are there instead of any that a model has.
fn missing(
    name: &str,
    shape: &[usize],
    specs: &[ParameterSpec],
    tensors: &BTreeMap<String, TensorView<'_>>,
) -> Error {
    let known = |found: &str| specs.iter().any(|spec| spec.name == found);
    let others: Vec<&String> = (tensors.keys())
        .filter(|found| {
            !known(found) && !found.ends_with(".norm.weight") && !found.ends_with(".norm.bias")
        })
        .collect();
    let instead = match others.is_empty() {
        true => "and no other in its place: the file lacks it".into(),
        false => format!(
            "but others that such a model has not: {}",
            listed(others.into_iter())
        ),
    };
    error(
        name,
        format!("expected a tensor of shape {shape:?}, found none of this name, {instead}"),
    )
}

/// Writes a flat vector of the parameters' layout, one tensor for each parameter.
pub fn write_like<'a>(
    parameters: &Parameters,
    prefix: &str,
    flat: &'a [f32],
    tensors: &mut BTreeMap<String, TensorOut<'a>>,
) {
    for spec in parameters.specs() {
        let tensor = TensorOut {
            shape: spec.shape.clone(),
            filling: (0, 0.0),
            values: &flat[spec.range()],
            precision: Precision::F32,
        };
        tensors.insert(format!("{prefix}{}", spec.name), tensor);
    }
}

/// Reads what [`write_like`] wrote.
///
/// # Errors
/// As [`read`].
pub fn read_like(
    parameters: &Parameters,
    prefix: &str,
    tensors: &mut BTreeMap<String, TensorView<'_>>,
) -> Result<Vec<f32>> {
    let mut flat = vec![0.0; parameters.flat().len()];
    for spec in parameters.specs() {
        let name = format!("{prefix}{}", spec.name);
        flat[spec.range()].copy_from_slice(&take(tensors, &name, &spec.shape)?);
    }
    Ok(flat)
}

fn take(
    tensors: &mut BTreeMap<String, TensorView<'_>>,
    name: &str,
    shape: &[usize],
) -> Result<Vec<f32>> {
    let Some(tensor) = tensors.remove(name) else {
        return Err(error(
            name,
            format!("expected a tensor of shape {shape:?}, found none of this name"),
        ));
    };
    if tensor.shape() != shape {
        return Err(error(
            name,
            format!(
                "expected the shape {shape:?}, which follows from the configuration, found {:?}: \
                 this tensor and the configuration are not of one model",
                tensor.shape()
            ),
        ));
    }
    let scales = match tensor.dtype() {
        Dtype::I8 => tensors.remove(&format!("{name}{SCALE}")),
        _ => None,
    };
    floats(name, &tensor, scales.as_ref())
}

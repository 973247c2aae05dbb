//! Reading whole texts at once: the parallel view of the model, by whichever way the device has.

use super::Model;
use super::network::{Network, Purpose};
use crate::backend::{Backend, Device, Later, StepInputs, ready, wait};
use crate::error::Result;

/// The logits after every token on the CPU: (rows, columns, V) for `ids` of (rows, columns).
///
/// # Errors
/// [`Error::Memory`](crate::Error::Memory) when they take too much.
///
/// # Panics
/// As [`logits_on`].
pub fn logits(model: &Model, ids: &[u32], rows: usize, columns: usize) -> Result<Vec<f32>> {
    wait(logits_on(Device::cpu(), model, ids, rows, columns))
}

/// The logits after every token, computed on a device. They come later, and fail when it is lost or
/// they take too much memory.
///
/// # Panics
/// When `ids` does not hold `rows` × `columns` tokens of the model's vocabulary, or `columns` is 0
/// or more than the context.
pub fn logits_on(
    mut device: Device,
    model: &Model,
    ids: &[u32],
    rows: usize,
    columns: usize,
) -> Later<Vec<f32>> {
    assert_eq!(ids.len(), rows * columns, "{rows} rows of {columns} tokens");
    let known = ids
        .iter()
        .all(|id| (*id as usize) < model.config.vocab_size);
    assert!(known, "token ids are below {}", model.config.vocab_size);
    let fits = Network::check_memory(&model.config, Purpose::Reading, rows, columns);
    if let Err(error) = model.check_device(&device).and(fits) {
        return ready(Err(error));
    }
    let network = Network::for_inference(&mut device, model, rows, columns);
    let ids: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
    device.write_batch(&ids, &[]);
    let program = device.prepare(&network.forward(0.0));
    device.run(&program, &StepInputs::default());
    device.read(std::slice::from_ref(network.logits()))
}

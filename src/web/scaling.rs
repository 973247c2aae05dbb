//! The scaling lab as a worker of its own sees it.

use super::{Answer, Js, OpenedGpu, now, promise, read, said};
use crate::backend::Device;
use crate::memory::set_budget;
use crate::scaling::{self, Order, TrainingOrder, TrainingProbe};
use js_sys::Promise;
use wasm_bindgen::prelude::*;

/// Bytes that one measurement may take: it has an engine to itself, and goes when the lab goes.
const MEMORY: u64 = 1 << 30;

/// Times ways of mixing tokens, and steps of training, on one device.
#[wasm_bindgen]
pub struct ScalingLab {
    gpu: Option<OpenedGpu>,
}

#[wasm_bindgen]
impl ScalingLab {
    /// A lab on the CPU.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        set_budget(MEMORY);
        Self { gpu: None }
    }

    /// A lab on a GPU.
    pub fn on_gpu(gpu: OpenedGpu) -> Self {
        let mut lab = Self::new();
        lab.gpu = Some(gpu);
        lab
    }

    fn device(&self) -> Device {
        (self.gpu.as_ref()).map_or_else(Device::cpu, |gpu| Device::gpu(gpu.device()))
    }

    /// Holds a GPU's results against the CPU's: a promise of a list of `{what, error, allowed}`, empty
    /// on the CPU. Refused when they differ.
    #[wasm_bindgen(unchecked_return_type = "Promise<DeviceCheck[]>")]
    pub fn verify(&self, width: usize, heads: usize) -> Promise {
        let gpu = self.gpu.as_ref().map(OpenedGpu::device);
        promise(Box::pin(async move {
            match gpu {
                None => Ok(Vec::new()),
                Some(gpu) => scaling::verify(&gpu, width, heads).await,
            }
        }))
    }

    /// Measures `{mixing, length, width, heads}`: a promise of the same with `{seconds, fastest,
    /// slowest, samples, runs}`.
    #[wasm_bindgen(unchecked_return_type = "Promise<Measurement>")]
    pub fn measure(&self, order: Js<Order>) -> Answer<Promise> {
        let order: Order = read(order)?;
        order.check().map_err(said)?;
        let device = self.device();
        Ok(promise(Box::pin(async move {
            scaling::measure(device, order, &|| now() / 1e3).await
        })))
    }
}

#[wasm_bindgen]
impl ScalingLab {
    /// Measures steps of training of `{architecture, length, width, heads}`: a promise of the same with `{tokens,
    /// recomputed, seconds, fastest, slowest, samples, runs}`. Refused at once where it would take too much memory.
    #[wasm_bindgen(unchecked_return_type = "Promise<TrainingMeasurement>")]
    pub fn measure_training(&self, order: Js<TrainingOrder>) -> Answer<Promise> {
        let probe = TrainingProbe::new(self.device(), read(order)?).map_err(said)?;
        Ok(promise(Box::pin(async move {
            probe.measure(&|| now() / 1e3).await
        })))
    }
}

impl Default for ScalingLab {
    fn default() -> Self {
        Self::new()
    }
}

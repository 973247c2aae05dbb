//! The scaling lab as a worker of its own sees it.

use super::{Answer, Js, OpenedGpu, promise, read, said};
use crate::backend::Device;
use crate::scaling::{self, Order};
use js_sys::Promise;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the worker began.
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

/// Times ways of mixing tokens on one device.
#[wasm_bindgen]
pub struct ScalingLab {
    gpu: Option<OpenedGpu>,
}

#[wasm_bindgen]
impl ScalingLab {
    /// A lab on the CPU.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self { gpu: None }
    }

    /// A lab on a GPU.
    pub fn on_gpu(gpu: OpenedGpu) -> Self {
        Self { gpu: Some(gpu) }
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
        let device = match &self.gpu {
            None => Device::cpu(),
            Some(gpu) => Device::gpu(gpu.device()),
        };
        Ok(promise(Box::pin(async move {
            scaling::measure(device, order, &|| now() / 1e3).await
        })))
    }
}

impl Default for ScalingLab {
    fn default() -> Self {
        Self::new()
    }
}

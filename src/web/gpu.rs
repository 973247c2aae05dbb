//! A GPU as the worker sees it: found, opened, proven, lost.

use super::{Answer, Js, object, plain, said};
use crate::backend::gpu::{AdapterReport, GpuDevice, Sabotage};
use crate::train::proof;
use wasm_bindgen::prelude::*;

/// A GPU that was opened.
#[wasm_bindgen]
pub struct OpenedGpu(GpuDevice);

/// Finds a graphics adapter and opens it. Refused where there is none.
#[wasm_bindgen]
pub async fn open_gpu() -> Answer<OpenedGpu> {
    GpuDevice::open().await.map(OpenedGpu).map_err(said)
}

#[wasm_bindgen]
impl OpenedGpu {
    pub(super) fn device(&self) -> GpuDevice {
        self.0.clone()
    }

    /// What is known of the adapter: `{name, driver, backend, software, max_binding,
    /// max_workgroup_memory, max_invocations, timestamps}`.
    pub fn report(&self) -> Answer<Js<AdapterReport>> {
        object(self.0.report())
    }

    /// What went wrong with it, if anything did.
    pub fn fault(&self) -> Option<String> {
        self.0.check().err().map(|error| error.to_string())
    }

    /// Computes on it what the CPU computes too: a list of `{what, error, allowed}`. With
    /// `products_alone`, for tests, only matrix products. Refused when the device fails on the way.
    #[wasm_bindgen(unchecked_return_type = "DeviceCheck[]")]
    pub async fn prove(&self, products_alone: bool) -> Answer<JsValue> {
        let parts = match products_alone {
            true => proof::products().to_vec(),
            false => proof::parts(),
        };
        let checks = proof::prove_parts(&self.device(), &parts).await;
        plain(&checks.map_err(said)?)
    }

    /// Gives the device back, as a driver's reset would. For tests.
    pub fn destroy(&self) {
        self.0.destroy();
    }

    /// Has the device fail in a certain way from now on: "shader" or "numbers". For tests.
    pub fn sabotage(&self, how: &str) -> Answer<()> {
        self.0.sabotage(match how {
            "shader" => Sabotage::Shader,
            "numbers" => Sabotage::Numbers,
            _ => {
                return Err(JsError::new(
                    "a device can be made to fail by \"shader\" or \"numbers\"",
                ));
            }
        });
        Ok(())
    }
}

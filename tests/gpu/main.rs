//! The GPU against the CPU: every kernel's two twins, the golden cases, and a training.
//!
//! The same cases run natively, over whatever Vulkan or Metal finds, and in a browser
//! (`tests/browser/gpu.test.mjs`), where this program is loaded as WebAssembly. Where there is no
//! adapter, each of them shows as ignored.

mod attention;
mod ends;
mod field;
mod general;
mod interference;
mod kernels;
mod recurrence;
mod softmax;
mod twins;
mod update;
mod whole;

use std::pin::Pin;
use wavefield::backend::gpu::GpuDevice;

/// Whether this runs in a browser. What differs there is the compiler of the shaders, and compiling is
/// what these tests cost: a case is run there on the shapes that between them have every line of its
/// shader compiled, natively on all that once were or could be wrong.
const IN_BROWSER: bool = cfg!(target_arch = "wasm32");

/// What a case comes to: nothing, or what is wrong.
type Outcome = Result<(), String>;
/// A case in progress.
type Running = Pin<Box<dyn Future<Output = Outcome>>>;

/// One thing to prove.
struct Case {
    name: &'static str,
    run: fn(GpuDevice) -> Running,
}

/// Lists functions `async fn(GpuDevice) -> Outcome` as cases of the same names.
macro_rules! cases {
    ($($module:ident :: { $($name:ident),* $(,)? }),* $(,)?) => {
        vec![$($(Case {
            name: concat!(stringify!($module), "::", stringify!($name)),
            run: |device| Box::pin($module::$name(device)),
        }),*),*]
    };
}

fn cases() -> Vec<Case> {
    cases![field::{
        wave_kernel,
        wave_kernel_backward,
        field_convolution,
        direct_convolution,
        field_convolution_backward,
    }, recurrence::{
        wave_rotation,
        wave_rotation_backward,
        field_recurrence,
        field_recurrence_backward,
        costs_are_as_counted,
    }, kernels::{
        zero,
        matrix_product,
        what_follows_a_product,
        weight_gradient,
    }, update::{
        gradient_norm,
        adamw,
        frozen_among_others,
        a_step_that_comes_to_no_number,
    }, ends::{
        embed,
        embed_backward,
        embed_backward_of_many_ids,
        cross_entropy,
        cross_entropy_of_extremes,
        cross_entropy_without_a_number,
        cross_entropy_backward,
    }, general::{
        layer_norm,
        layer_norm_backward,
        swiglu,
        near_field,
        dropout,
    }, attention::{
        deposit,
        deposit_backward,
        couple_gate,
        couple_gate_backward,
    }, softmax::{
        attention,
        attention_of_extremes,
        attention_backward,
        rotary,
    }, interference::{
        prefix_mean,
        prefix_mean_backward,
        interfere,
        interfere_backward,
    }, whole::{
        golden_cases,
        golden_cases_by_transforms,
        proof_passes,
        a_leaking_model_is_refused,
        a_prompt_is_read_alike,
        a_training_follows_the_cpu,
        a_training_changes_its_device,
        a_lost_device_costs_a_few_steps,
        what_does_not_fit_is_refused,
        steps_leave_nothing_behind,
        models_leave_nothing_behind,
    }]
}

/// What the page's own tests prove in a browser (`tests/browser/device.test.mjs`), with the very models.
#[cfg(target_arch = "wasm32")]
const PROVEN_IN_THE_PAGE: [&str; 4] = [
    "whole::proof_passes",
    "whole::a_training_follows_the_cpu",
    "whole::a_training_changes_its_device",
    "whole::a_lost_device_costs_a_few_steps",
];

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    use libtest_mimic::{Arguments, Failed, Trial};
    use std::cell::OnceCell;
    use std::mem::ManuallyDrop;
    use wavefield::backend::wait;

    // Never dropped: a thread's last moments are too late for a driver.
    thread_local! {
        static DEVICE: OnceCell<ManuallyDrop<GpuDevice>> = const { OnceCell::new() };
    }
    let mut arguments = Arguments::from_args();
    // One device, and so one thread, for all.
    arguments.test_threads = Some(1);
    let found = wait(GpuDevice::open());
    match &found {
        Ok(device) => println!("\n{:?}", device.report()),
        Err(error) => println!("\nEvery test is ignored: {error}"),
    }
    let missing = found.is_err();
    if let Ok(device) = found {
        DEVICE.with(|cell| cell.set(ManuallyDrop::new(device)).ok());
    }
    let trials = cases().into_iter().map(|case| {
        let run = move || {
            let device =
                DEVICE.with(|cell| GpuDevice::clone(cell.get().expect("an adapter was found")));
            let outcome = wait((case.run)(device.clone()));
            let outcome = outcome.and_then(|()| device.check().map_err(|error| error.to_string()));
            outcome.map_err(Failed::from)
        };
        Trial::test(case.name, run).with_ignored_flag(missing)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

#[cfg(target_arch = "wasm32")]
fn main() {}

/// What the browser test calls.
#[cfg(target_arch = "wasm32")]
mod browser {
    use super::{GpuDevice, PROVEN_IN_THE_PAGE, cases};
    use wasm_bindgen::prelude::*;

    /// The names of the cases to run.
    #[wasm_bindgen]
    pub fn names() -> Vec<String> {
        let names = cases().into_iter().map(|case| case.name);
        let here = names.filter(|name| !PROVEN_IN_THE_PAGE.contains(name));
        here.map(str::to_string).collect()
    }

    /// An opened device.
    #[wasm_bindgen]
    pub struct Opened(GpuDevice);

    /// Opens a device; rejects where there is no adapter.
    #[wasm_bindgen]
    pub async fn open() -> Result<Opened, String> {
        let device = GpuDevice::open().await;
        device.map(Opened).map_err(|error| error.to_string())
    }

    #[wasm_bindgen]
    impl Opened {
        /// Runs a case: nothing, or what is wrong.
        pub async fn run(&self, name: String) -> Option<String> {
            let case = cases().into_iter().find(|case| case.name == name)?;
            let outcome = (case.run)(self.0.clone()).await;
            let outcome = outcome.and_then(|()| self.0.check().map_err(|error| error.to_string()));
            outcome.err()
        }

        /// What the browser tells of the adapter.
        pub fn describe(&self) -> String {
            format!("{:?}", self.0.report())
        }
    }
}

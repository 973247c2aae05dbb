//! A GPU that was found and opened: adapter, limits, pipelines, and what went wrong with it.

use super::FieldMethod;
use super::program::PipelineKey;
use super::shaders::{self, Changes, Sabotage};
use crate::error::{Error, Result};
use crate::kernels::field_convolution::Geometry;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use wgpu::{Features, Limits};

/// What is known of an adapter, for a person to read and to report.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify))]
pub struct AdapterReport {
    /// The adapter's name, or as much of it as the browser tells.
    pub name: String,
    /// The driver or the browser's description.
    pub driver: String,
    /// Which interface it is reached by.
    pub backend: String,
    /// It computes on the CPU, slower than our own CPU code.
    pub software: bool,
    /// Most bytes that one binding may hold.
    pub max_binding: u64,
    /// Most bytes of workgroup memory.
    pub max_workgroup_memory: u32,
    /// Most invocations of one workgroup.
    pub max_invocations: u32,
    /// Whether times can be measured on the device.
    pub timestamps: bool,
}

/// What makes an adapter be taken for a software one where it does not say so itself.
const SOFTWARE: [&str; 5] = [
    "swiftshader",
    "llvmpipe",
    "lavapipe",
    "basic render",
    "softpipe",
];

/// A device that was opened. Clones are the same device.
#[derive(Clone)]
pub struct GpuDevice(Rc<Inner>);

struct Inner {
    device: wgpu::Device,
    queue: wgpu::Queue,
    report: AdapterReport,
    /// The first thing that went wrong; nothing the device computes counts after it.
    fault: Arc<Mutex<Option<String>>>,
    modules: RefCell<HashMap<String, wgpu::ShaderModule>>,
    pipelines: RefCell<HashMap<PipelineKey, wgpu::ComputePipeline>>,
    /// What a test makes of the shaders.
    changes: RefCell<Changes>,
    /// The way in which every field is to be computed, if there is one.
    forced: Cell<Option<FieldMethod>>,
    /// The pipelines that a mutant is part of.
    #[cfg(feature = "mutants")]
    mutated: RefCell<HashMap<PipelineKey, wgpu::ComputePipeline>>,
    /// The shaders that were asked for since a test last took note of them.
    #[cfg(feature = "mutants")]
    asked: RefCell<std::collections::BTreeSet<&'static str>>,
}

impl GpuDevice {
    /// Finds an adapter and opens it, with the limits that every device has but larger bindings
    /// where the adapter allows them.
    ///
    /// # Errors
    /// [`Error::Device`] when there is none, or when it refuses.
    pub async fn open() -> Result<Self> {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends =
            wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::BROWSER_WEBGPU;
        let instance = wgpu::Instance::new(descriptor);
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = instance.request_adapter(&options).await;
        let adapter = adapter.map_err(|_| Error::Device {
            message: "no graphics adapter offers WebGPU, Vulkan or Metal here".into(),
        })?;
        let offered = adapter.limits();
        let limits = Limits {
            max_buffer_size: offered.max_buffer_size.min(1 << 31),
            max_storage_buffer_binding_size: offered
                .max_storage_buffer_binding_size
                .min((1 << 31) - 4),
            ..Limits::default().or_worse_values_from(&offered)
        };
        let timestamps = adapter.features() & Features::TIMESTAMP_QUERY;
        let report = describe(&adapter, &limits, !timestamps.is_empty());
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("wavefield"),
            required_features: timestamps,
            required_limits: limits,
            ..Default::default()
        };
        let opened = adapter.request_device(&descriptor).await;
        let (device, queue) = opened.map_err(|error| Error::Device {
            message: format!("{} could not be opened ({error})", report.name),
        })?;
        let fault = Arc::new(Mutex::new(None));
        watch(&device, &fault);
        Ok(GpuDevice(Rc::new(Inner {
            device,
            queue,
            report,
            fault,
            modules: RefCell::default(),
            pipelines: RefCell::default(),
            changes: RefCell::default(),
            forced: Cell::default(),
            #[cfg(feature = "mutants")]
            mutated: RefCell::default(),
            #[cfg(feature = "mutants")]
            asked: RefCell::default(),
        })))
    }

    /// What is known of the adapter.
    pub fn report(&self) -> &AdapterReport {
        &self.0.report
    }

    pub(super) fn raw(&self) -> &wgpu::Device {
        &self.0.device
    }

    pub(super) fn queue(&self) -> &wgpu::Queue {
        &self.0.queue
    }

    /// What went wrong first, if anything did.
    ///
    /// # Errors
    /// [`Error::Device`] says what.
    pub fn check(&self) -> Result<()> {
        match &*self.0.fault.lock().expect("no holder panics") {
            None => Ok(()),
            Some(message) => Err(Error::Device {
                message: message.clone(),
            }),
        }
    }

    /// Notes that something went wrong, unless something did before.
    pub(super) fn fail(&self, message: String) {
        note(&self.0.fault, message);
    }

    /// Gives the device back, as a driver's reset would. For tests.
    pub fn destroy(&self) {
        self.0.device.destroy();
    }

    /// Makes the pipelines that are built from now on fail. For tests.
    pub fn sabotage(&self, how: Sabotage) {
        self.0.changes.borrow_mut().sabotage = Some(how);
        self.0.modules.borrow_mut().clear();
        self.0.pipelines.borrow_mut().clear();
    }

    /// How it computes a field.
    pub fn field_method(&self, geometry: &Geometry) -> FieldMethod {
        (self.0.forced.get()).unwrap_or_else(|| FieldMethod::of(geometry))
    }

    /// Has it compute every field in one way, or again in the way of its choice. For tests and measurements.
    pub fn force_field(&self, method: Option<FieldMethod>) {
        self.0.forced.set(method);
    }

    /// How many pipelines were built.
    pub fn pipeline_count(&self) -> usize {
        self.0.pipelines.borrow().len()
    }

    /// Where a key's pipeline is kept.
    fn cache(&self, _key: &PipelineKey) -> &RefCell<HashMap<PipelineKey, wgpu::ComputePipeline>> {
        #[cfg(feature = "mutants")]
        {
            self.0.asked.borrow_mut().insert(_key.shader);
            let mutant = &self.0.changes.borrow().mutant;
            if (mutant.as_ref()).is_some_and(|m| shaders::is_part(m.file, _key.shader)) {
                return &self.0.mutated;
            }
        }
        &self.0.pipelines
    }

    /// The pipeline of a key, built when it is first asked for.
    pub(super) fn pipeline(&self, key: &PipelineKey) -> wgpu::ComputePipeline {
        let cache = self.cache(key);
        if let Some(pipeline) = cache.borrow().get(key) {
            return pipeline.clone();
        }
        let source = shaders::source(key, &self.0.changes.borrow());
        let mut modules = self.0.modules.borrow_mut();
        let module = modules.entry(source).or_insert_with_key(|source| {
            let source = wgpu::ShaderSource::Wgsl(source.as_str().into());
            let label = Some(key.shader);
            (self.0.device).create_shader_module(wgpu::ShaderModuleDescriptor { label, source })
        });
        let pipeline = (self.0.device).create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(key.entry),
            layout: None,
            module,
            entry_point: Some(key.entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Every shader writes its workgroup memory before it reads it.
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        let mut pipelines = cache.borrow_mut();
        pipelines.insert(key.clone(), pipeline.clone());
        pipeline
    }
}

/// For the test that changes the shaders, one place at a time.
#[cfg(feature = "mutants")]
impl GpuDevice {
    /// Changes one place in one file of the shaders that are built from now on, or none.
    pub fn mutate(&self, mutant: Option<super::mutant::Mutant>) {
        self.0.changes.borrow_mut().mutant = mutant;
        self.0.mutated.borrow_mut().clear();
    }

    /// Forgets what went wrong, which only a lost device does not get over.
    pub fn forgive(&self) {
        self.0.fault.lock().expect("no holder panics").take();
        self.0.modules.borrow_mut().clear();
    }

    /// The shaders that were asked for since the last call.
    pub fn take_asked(&self) -> std::collections::BTreeSet<&'static str> {
        self.0.asked.take()
    }
}

fn note(fault: &Mutex<Option<String>>, message: String) {
    let mut fault = fault.lock().expect("no holder panics");
    fault.get_or_insert(message);
}

/// Has everything noted that goes wrong with a device.
fn watch(device: &wgpu::Device, fault: &Arc<Mutex<Option<String>>>) {
    let lost = Arc::clone(fault);
    device.set_device_lost_callback(move |_, message| {
        let message = message.trim().trim_end_matches('.');
        let why = if message.is_empty() {
            String::new()
        } else {
            format!(" ({message})")
        };
        note(&lost, format!("the graphics device was lost{why}"));
    });
    watch_errors(device, Arc::clone(fault));
}

const OUT_OF_MEMORY: &str = "the graphics device ran out of memory";

#[cfg(not(target_arch = "wasm32"))]
fn watch_errors(device: &wgpu::Device, fault: Arc<Mutex<Option<String>>>) {
    device.on_uncaptured_error(Arc::new(move |error| {
        let message = match &error {
            wgpu::Error::OutOfMemory { .. } => OUT_OF_MEMORY.to_string(),
            error => format!("the graphics device refused: {error}"),
        };
        note(&fault, message);
    }));
}

/// wgpu's own handler panics on an internal error, which is one that we can go on from.
#[cfg(target_arch = "wasm32")]
fn watch_errors(device: &wgpu::Device, fault: Arc<Mutex<Option<String>>>) {
    use js_sys::Reflect;
    use wasm_bindgen::prelude::*;

    let get = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).unwrap_or_default();
    let handler = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
        let error = get(&event, "error");
        let kind = get(&get(&error, "constructor"), "name");
        let message = if kind == "GPUOutOfMemoryError" {
            OUT_OF_MEMORY.to_string()
        } else {
            let words = get(&error, "message").as_string().unwrap_or_default();
            format!("the graphics device refused: {words}")
        };
        note(&fault, message);
    });
    let device: &JsValue = device.as_webgpu().expect("a browser's device").as_ref();
    // The device lives as long as the page's worker, and so may its handler.
    Reflect::set(device, &"onuncapturederror".into(), handler.as_ref())
        .expect("a device takes a handler");
    handler.forget();
}

fn describe(adapter: &wgpu::Adapter, limits: &Limits, timestamps: bool) -> AdapterReport {
    let info = adapter.get_info();
    let words = format!("{} {} {}", info.name, info.driver, info.driver_info).to_lowercase();
    let named = SOFTWARE.iter().any(|name| words.contains(name));
    let name = if info.name.is_empty() {
        "a graphics adapter that does not say its name".to_string()
    } else {
        info.name
    };
    AdapterReport {
        name,
        driver: format!("{} {}", info.driver, info.driver_info)
            .trim()
            .to_string(),
        backend: info.backend.to_string(),
        software: named || info.device_type == wgpu::DeviceType::Cpu,
        max_binding: limits.max_storage_buffer_binding_size,
        max_workgroup_memory: limits.max_compute_workgroup_storage_size,
        max_invocations: limits.max_compute_invocations_per_workgroup,
        timestamps,
    }
}

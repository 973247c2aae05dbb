//! One of the backends, chosen when the program runs.

use super::cpu::Cpu;
use super::gpu::{self, Gpu, GpuDevice};
use super::{Backend, Op, Reading, StepInputs, TensorId, View};
use crate::error::Result;
use crate::kernels::field_convolution::Geometry;

/// A backend.
pub enum Device {
    Cpu(Cpu<f32>),
    Gpu(Box<Gpu>),
}

/// A list of operations that was made ready on a [`Device`].
pub enum Program {
    Cpu(Vec<Op>),
    Gpu(gpu::Program),
}

/// Calls the same method of whichever backend it is.
macro_rules! either {
    ($device:expr, $backend:ident => $call:expr) => {
        match $device {
            Device::Cpu($backend) => $call,
            Device::Gpu($backend) => $call,
        }
    };
}

impl Device {
    /// The CPU.
    pub fn cpu() -> Self {
        Device::Cpu(Cpu::new())
    }

    /// A GPU that was opened.
    pub fn gpu(device: GpuDevice) -> Self {
        Device::Gpu(Box::new(Gpu::new(device)))
    }

    /// Whether it is a GPU.
    pub fn is_gpu(&self) -> bool {
        matches!(self, Device::Gpu(_))
    }

    /// What went wrong, if anything did.
    ///
    /// # Errors
    /// [`crate::Error::Device`] when a GPU was lost or refused something.
    pub fn check(&self) -> Result<()> {
        match self {
            Device::Cpu(_) => Ok(()),
            Device::Gpu(gpu) => gpu.device().check(),
        }
    }
}

impl Backend for Device {
    type Program = Program;

    fn recurs(&self, geometry: &Geometry) -> bool {
        either!(self, backend => backend.recurs(geometry))
    }

    fn allocate(&mut self, len: usize) -> TensorId {
        either!(self, backend => backend.allocate(len))
    }

    fn allocate_gradients(&mut self, len: usize) -> TensorId {
        either!(self, backend => backend.allocate_gradients(len))
    }

    fn write(&mut self, view: &View, values: &[f32]) {
        either!(self, backend => backend.write(view, values));
    }

    fn write_batch(&mut self, ids: &[i32], targets: &[i32]) {
        either!(self, backend => backend.write_batch(ids, targets));
    }

    fn prepare(&mut self, ops: &[Op]) -> Program {
        match self {
            Device::Cpu(cpu) => Program::Cpu(cpu.prepare(ops)),
            Device::Gpu(gpu) => Program::Gpu(gpu.prepare(ops)),
        }
    }

    fn run(&mut self, program: &Program, inputs: &StepInputs) {
        match (self, program) {
            (Device::Cpu(cpu), Program::Cpu(program)) => cpu.run(program, inputs),
            (Device::Gpu(gpu), Program::Gpu(program)) => gpu.run(program, inputs),
            _ => panic!("a program runs on the device that it was prepared for"),
        }
    }

    fn read(&mut self, views: &[View]) -> Reading {
        either!(self, backend => backend.read(views))
    }

    fn take_journal(&mut self) -> Reading {
        either!(self, backend => backend.take_journal())
    }
}

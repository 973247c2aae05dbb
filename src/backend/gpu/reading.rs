//! Reading back: a copy into a buffer that can be mapped, and a future for its values.

use super::GpuDevice;
use crate::backend::{Reading, ready};
use crate::error::{Error, Result};
use std::cell::RefCell;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// Buffers that were read from and can be used again. Readings that are still in progress share it.
#[derive(Default)]
struct Pool(RefCell<Vec<wgpu::Buffer>>);

impl Drop for Pool {
    /// A browser frees a buffer only when it is told to.
    fn drop(&mut self) {
        self.0.borrow().iter().for_each(wgpu::Buffer::destroy);
    }
}

/// Makes readings, and keeps their buffers for the next ones.
pub struct Readings {
    device: GpuDevice,
    pool: Rc<Pool>,
}

impl Readings {
    pub fn new(device: GpuDevice) -> Self {
        Readings {
            device,
            pool: Rc::default(),
        }
    }

    /// The elements of several buffers' ranges as they are once all that was queued before is done.
    pub fn read(&self, parts: &[(&wgpu::Buffer, Range<usize>)]) -> Reading {
        if let Err(error) = self.device.check() {
            return ready(Err(error));
        }
        let len: usize = parts.iter().map(|(_, range)| range.len()).sum();
        if len == 0 {
            return ready(Ok(Vec::new()));
        }
        let staging = self.staging(4 * len as u64);
        let mut commands = self
            .device
            .raw()
            .create_command_encoder(&Default::default());
        let mut to = 0;
        for (buffer, range) in parts {
            let (from, size) = (4 * range.start as u64, 4 * range.len() as u64);
            commands.copy_buffer_to_buffer(buffer, from, &staging, to, size);
            to += size;
        }
        self.device.queue().submit([commands.finish()]);
        let mapping = Arc::new(Mutex::new(Mapping::default()));
        let outcome = Arc::clone(&mapping);
        let all = 0..4 * len as u64;
        staging.map_async(wgpu::MapMode::Read, all.clone(), move |result| {
            let mut mapping = outcome.lock().expect("no holder panics");
            mapping.outcome = Some(result.is_ok());
            if let Some(waker) = mapping.waker.take() {
                waker.wake();
            }
        });
        Box::pin(Pending {
            device: self.device.clone(),
            pool: Rc::clone(&self.pool),
            staging,
            bytes: all,
            mapping,
        })
    }

    /// A buffer of at least that size, but not of many times it.
    fn staging(&self, size: u64) -> wgpu::Buffer {
        let mut pool = self.pool.0.borrow_mut();
        let fits = |buffer: &wgpu::Buffer| (size..=4 * size.max(256)).contains(&buffer.size());
        if let Some(index) = pool.iter().position(fits) {
            return pool.swap_remove(index);
        }
        self.device.raw().create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size: size.next_multiple_of(256),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }
}

#[derive(Default)]
struct Mapping {
    /// Whether the mapping succeeded, once that is known.
    outcome: Option<bool>,
    waker: Option<Waker>,
}

/// A buffer that is being mapped.
struct Pending {
    device: GpuDevice,
    pool: Rc<Pool>,
    staging: wgpu::Buffer,
    bytes: Range<u64>,
    mapping: Arc<Mutex<Mapping>>,
}

impl Future for Pending {
    type Output = Result<Vec<f32>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<Self::Output> {
        // Natively nobody else asks the device how far it is; in a browser this does nothing.
        let waited = self.device.raw().poll(wgpu::PollType::wait_indefinitely());
        if let Err(error) = waited {
            self.device
                .fail(format!("the graphics device stopped answering ({error})"));
        }
        let succeeded = {
            let mut mapping = self.mapping.lock().expect("no holder panics");
            let Some(outcome) = mapping.outcome else {
                mapping.waker = Some(context.waker().clone());
                return Poll::Pending;
            };
            outcome
        };
        // A fault that came before the copy makes its values worthless.
        self.device.check()?;
        let lost = |why: String| Error::Device {
            message: format!("the graphics device gave no answer{why}"),
        };
        if !succeeded {
            return Poll::Ready(Err(lost(String::new())));
        }
        let values = match self.staging.slice(self.bytes.clone()).get_mapped_range() {
            Err(error) => return Poll::Ready(Err(lost(format!(" ({error})")))),
            Ok(mapped) => mapped
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")))
                .collect(),
        };
        self.staging.unmap();
        self.pool.0.borrow_mut().push(self.staging.clone());
        Poll::Ready(Ok(values))
    }
}

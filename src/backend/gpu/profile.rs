//! How long each dispatch of a program takes on the device, by its own clock.

use super::{Gpu, Program};
use crate::backend::{Later, StepInputs};
use crate::error::Error;

/// Most timestamps of one query set, on every device.
const MOST_TIMESTAMPS: usize = 4096;

/// Nanoseconds of each dispatch of a program, in its order.
pub type Profile = Vec<f64>;

impl Gpu {
    /// Runs a program once, each dispatch in a pass of its own with a timestamp before and after.
    /// Fails where the device has no timestamps.
    ///
    /// # Panics
    /// When the program has more dispatches than half the timestamps of a query set.
    pub fn profile(&mut self, program: &Program, inputs: &StepInputs) -> Later<Profile> {
        if !self.device.report().timestamps {
            let message = "this device has no timestamps, so its dispatches cannot be timed".into();
            return Box::pin(std::future::ready(Err(Error::Device { message })));
        }
        let count = 2 * program.dispatches.len();
        assert!(count <= MOST_TIMESTAMPS, "one query set for all dispatches");
        let raw = self.device.raw();
        let queries = raw.create_query_set(&wgpu::QuerySetDescriptor {
            label: None,
            ty: wgpu::QueryType::Timestamp,
            count: count as u32,
        });
        let times = raw.create_buffer(&wgpu::BufferDescriptor {
            label: Some("timestamps"),
            size: 8 * count as u64,
            usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        self.write_step(program.optimizer.as_ref(), inputs);
        let mut commands = raw.create_command_encoder(&Default::default());
        for (i, dispatch) in program.dispatches.iter().enumerate() {
            let mut pass = commands.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(dispatch.pipeline.entry),
                timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                    query_set: &queries,
                    beginning_of_pass_write_index: Some(2 * i as u32),
                    end_of_pass_write_index: Some(2 * i as u32 + 1),
                }),
            });
            program.dispatch(i, &mut pass);
        }
        commands.resolve_query_set(&queries, 0..count as u32, &times, 0);
        self.device.queue().submit([commands.finish()]);
        let reading = self.readings.read(&[(&times, 0..2 * count)]);
        let period = f64::from(self.device.queue().get_timestamp_period());
        Box::pin(async move {
            let words = reading.await?;
            times.destroy();
            let stamps: Vec<u64> = words
                .chunks_exact(2)
                .map(|pair| u64::from(pair[0].to_bits()) | u64::from(pair[1].to_bits()) << 32)
                .collect();
            let spans = stamps.chunks_exact(2);
            Ok(spans
                .map(|span| span[1].saturating_sub(span[0]) as f64 * period)
                .collect())
        })
    }
}

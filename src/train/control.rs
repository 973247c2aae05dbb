//! What may be changed while a run goes on: its learning rate, its length, and single parameters,
//! which can be set and held still. A change counts from the next step on, and everything that a run
//! goes on from knows it: the device, the copy, and the settings that are saved.

use super::trainer::Trainer;
use super::{MAX_STEPS, TrainConfig};
use crate::backend::{Backend, View};
use crate::error::{Error, Result};

impl Trainer {
    /// The learning rates that later steps go by.
    ///
    /// # Errors
    /// [`Error::Config`] when they are out of range; the run is then as it was.
    pub fn set_rates(&mut self, peak_lr: f64, min_lr: f64) -> Result<()> {
        self.revise(TrainConfig {
            peak_lr,
            min_lr,
            ..self.config.clone()
        })
    }

    /// How many steps the whole run has. The learning rate's course is stretched to the new end.
    ///
    /// # Errors
    /// [`Error::Config`] when they are fewer than were done, or more than are supported.
    pub fn set_steps(&mut self, steps: u64) -> Result<()> {
        let done = self.steps_done();
        if !(done.max(1)..=MAX_STEPS).contains(&steps) {
            return Err(Error::Config {
                field: "steps",
                message: format!(
                    "must be from {} to {MAX_STEPS}, as {done} were done, but is {steps}",
                    done.max(1)
                ),
            });
        }
        self.revise(TrainConfig {
            steps,
            ..self.config.clone()
        })
    }

    fn revise(&mut self, config: TrainConfig) -> Result<()> {
        config.validate()?;
        self.config = config;
        Ok(())
    }

    /// Sets one parameter, by its place in [`crate::model::Parameters::flat`]. Its moments begin anew:
    /// they remember slopes of another place.
    ///
    /// # Panics
    /// When there is no such place.
    pub fn set_parameter(&mut self, place: usize, value: f32) {
        let parameters = self.layout.network.flat_parameters();
        let one = View::of(parameters.tensor, place..place + 1);
        self.layout.device.write(&one, &[value]);
        self.model.parameters.flat_mut()[place] = value;
        self.clear_moments(place);
    }

    /// Holds parameters still from the next step on, and no others: places in
    /// [`crate::model::Parameters::flat`]. No gradient moves them, nor does weight decay, and their
    /// moments stay zero.
    ///
    /// # Panics
    /// When there is no such place.
    pub fn freeze(&mut self, mut places: Vec<usize>) {
        places.sort_unstable();
        places.dedup();
        for place in &places {
            if self.frozen.binary_search(place).is_err() {
                self.clear_moments(*place);
            }
        }
        self.frozen = places;
        self.layout.refit(&self.config, &self.frozen);
    }

    /// The places that are held still, in ascending order.
    pub fn frozen(&self) -> &[usize] {
        &self.frozen
    }

    fn clear_moments(&mut self, place: usize) {
        for moment in self.layout.network.moments() {
            let one = View::of(moment.tensor, place..place + 1);
            self.layout.device.write(&one, &[0.0]);
        }
        for moment in self.moments.iter_mut().flatten() {
            moment[place] = 0.0;
        }
    }
}

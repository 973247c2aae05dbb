//! The view "No leak": which probes to make, and one at a time.

use super::{Answer, Js, Session, Source, object, part, plain, read, said};
use crate::backend::Device;
use crate::config::ModelConfig;
use crate::diagnostics::causality::{self, Leak, Measurement, Probe, SEEN, THRESHOLD, Verdict};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::model::network::{Network, Purpose};
use crate::web::{OpenedGpu, now, promise};
use js_sys::Promise;
use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// Milliseconds of one call on the CPU: the texts that are being written go on between two.
const TURN: f64 = 12.0;

#[derive(Deserialize, Tsify)]
#[tsify(rename = "CausalityPlanRequest")]
pub struct PlanRequest {
    source: Source,
    thorough: bool,
}

/// The probes, and how their answers are judged.
#[derive(Serialize, Tsify)]
#[tsify(rename = "CausalityPlan")]
pub struct Plan<'a> {
    probes: Vec<Probe>,
    /// A leak is above it.
    threshold: f64,
    /// A change below it was too small to tell.
    seen: f64,
    config: &'a ModelConfig,
}

#[derive(Deserialize, Tsify)]
#[tsify(rename = "CausalityRequest")]
pub struct ProbeRequest {
    source: Source,
    /// Whether it goes on from the call before.
    #[serde(default)]
    again: bool,
}

/// A measured leak, and what it says.
#[derive(Serialize, Tsify)]
pub struct Judged {
    #[serde(flatten)]
    leak: Leak,
    verdict: Verdict,
}

impl From<Leak> for Judged {
    fn from(leak: Leak) -> Self {
        let verdict = leak.verdict();
        Judged { leak, verdict }
    }
}

fn judged(leaks: Vec<Leak>) -> Vec<Judged> {
    leaks.into_iter().map(Judged::from).collect()
}

impl Session {
    /// A model, where the probe can be made in it.
    fn probed(&mut self, source: Source, probe: &Probe) -> Result<&Model> {
        let (model, _) = self.observed(source)?;
        check(&model.config, probe)?;
        let rows = 1 + probe.positions.len();
        Network::check_memory(&model.config, Purpose::Reading, rows, probe.length)?;
        Ok(model)
    }
}

fn check(config: &ModelConfig, probe: &Probe) -> Result<()> {
    let fail = |message: String| Err(Error::Data { message });
    let (m, n) = (config.max_seq_len, probe.length);
    if config.vocab_size < 2 {
        return fail(
            "the model knows one token only, so there is none to exchange it for; open a model with \
             at least two"
                .into(),
        );
    }
    if !(2..=m).contains(&n) {
        return fail(format!(
            "a text of 2 to {m} tokens can be measured in this model, but {n} were asked for"
        ));
    }
    match probe.positions.iter().find(|j| !(1..n).contains(j)) {
        Some(j) => fail(format!(
            "in a text of {n} tokens, tokens 1 to {} (from 0) can be exchanged, but {j} was asked for",
            n - 1
        )),
        None => Ok(()),
    }
}

#[wasm_bindgen]
impl Session {
    /// What to measure: `{probes: {length, positions}[], threshold, seen, config}` for `{source, text,
    /// thorough}`. The text is not read: the probes bring texts of their own.
    pub fn observe_causality_plan(
        &mut self,
        request: Js<PlanRequest>,
    ) -> Answer<Js<Plan<'static>>> {
        let request: PlanRequest = read(request)?;
        let (model, _) = self.observed(request.source).map_err(said)?;
        let config = &model.config;
        check(
            config,
            &Probe {
                length: 2,
                positions: vec![1],
            },
        )
        .map_err(said)?;
        object(&Plan {
            probes: causality::plan(config, request.thorough),
            threshold: THRESHOLD,
            seen: SEEN,
            config,
        })
    }

    /// A piece of one probe on the CPU, for `{source, text, length, positions, again}`: null until the
    /// last piece, which gives a list of `{length, position, before, after, scale, verdict}`. `again`
    /// goes on from the call before, with the model as it was then.
    #[wasm_bindgen(unchecked_return_type = "Judged[] | null")]
    pub fn observe_causality(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Probe & CausalityRequest")] request: JsValue,
    ) -> Answer<JsValue> {
        let until = now() + TURN;
        let probe: Probe = part(request.clone())?;
        let request: ProbeRequest = part(request)?;
        let going = self.measurement.take();
        let mut measurement = match going.filter(|m| request.again && *m.probe() == probe) {
            Some(measurement) => measurement,
            None => {
                let model = self.probed(request.source, &probe).map_err(said)?;
                Measurement::new(model, probe)
            }
        };
        while now() < until {
            if let Some(leaks) = measurement.advance() {
                return plain(&judged(leaks));
            }
        }
        self.measurement = Some(measurement);
        Ok(JsValue::NULL)
    }

    /// The same on a GPU: a promise of the list. Refused when the device is lost.
    #[wasm_bindgen(unchecked_return_type = "Promise<Judged[]>")]
    pub fn observe_causality_on_gpu(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Probe & CausalityRequest")] request: JsValue,
        gpu: &OpenedGpu,
    ) -> Answer<Promise> {
        let probe: Probe = part(request.clone())?;
        let request: ProbeRequest = part(request)?;
        let model = self.probed(request.source, &probe).map_err(said)?;
        let device = Device::gpu(gpu.device());
        let later = causality::measure_on(device, model, probe);
        Ok(promise(Box::pin(async move { Ok(judged(later.await?)) })))
    }
}

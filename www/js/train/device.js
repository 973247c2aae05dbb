// The line that says where trainings run and why, the choice, and the report to copy.

import { deviceReport, workersFor } from "../engine/device.js";
import { copyText } from "../files/out.js";
import { segmented } from "../page/controls.js";
import { h } from "../page/dom.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/protocol.js").DeviceChoice} DeviceChoice
 */

const COPIED_MS = 2000;

/** @param {App} app @param {() => number} speed Tokens a second of the training that is shown. @returns {HTMLElement} */
export function deviceBlock(app, speed) {
  const { state, device } = app;
  const place = h("strong", { class: "train-device-place" });
  const why = h("p", { class: "train-hint train-device-why" });
  const choice = segmented({
    label: "Train on",
    choices: [
      { value: "auto", text: "Automatic" },
      { value: "cpu", text: "Processor" },
      { value: "gpu", text: "Graphics card" },
    ],
    value: state.get("deviceChoice"),
    onInput: (value) => device.choose(/** @type {DeviceChoice} */ (value)),
  });
  const offered = workersFor(navigator.hardwareConcurrency || 1);
  const workers = segmented({
    label: "Processor workers",
    choices: offered.map((count) => ({ value: count, text: count === 0 ? "Automatic" : String(count) })),
    value: state.get("workersChoice"),
    onInput: (value) => device.chooseWorkers(value),
  });
  workers.element.title = "Each worker computes its part of every step on a core of its own. The result is the same with any number.";
  const sharing = h("p", { class: "train-hint train-device-sharing" });
  const copy = h("button", { type: "button", class: "quiet train-device-copy" }, "Copy device report");
  const text = h("textarea", { class: "train-device-report", readonly: true, hidden: true, rows: 10, "aria-label": "Device report" });
  copy.addEventListener("click", async () => {
    const report = deviceReport(state.get("device"), { version: device.version, userAgent: navigator.userAgent, speed: speed() });
    try {
      await copyText(report);
      text.hidden = true;
      copy.textContent = "Copied";
      app.announce("The device report was copied.");
    } catch {
      // A browser may refuse the clipboard: then the report can be marked and copied by hand.
      text.value = report;
      text.hidden = false;
      text.select();
      copy.textContent = "Copy it from the field";
    }
    setTimeout(() => (copy.textContent = "Copy device report"), COPIED_MS);
  });

  function show() {
    const status = state.get("device");
    const adapter = status?.adapter?.name;
    place.textContent = status?.backend === "gpu" ? `graphics card${adapter && !adapter.includes("does not say") ? ` (${adapter})` : ""}` : "processor";
    why.textContent = status?.why ?? "";
    // Where none was found, choosing it would change nothing.
    choice.allow("gpu", state.get("deviceChoice") === "gpu" || status?.phase !== "refused" || status.adapter !== null);
    // A graphics card does whole steps.
    sharing.textContent = (status?.backend !== "gpu" && status?.sharing) || "";
  }
  state.on("device", show);
  state.on("deviceChoice", (value) => {
    choice.set(value);
    show();
  });
  state.on("workersChoice", (value) => workers.set(value));
  show();
  return h("section", { class: "train-block train-device" },
    h("p", { class: "train-device-line" }, "Trains on the ", place, "."), choice.element, why,
    ...(offered.length > 2 ? [workers.element, sharing] : []),
    h("div", { class: "train-device-tools" }, copy), text);
}

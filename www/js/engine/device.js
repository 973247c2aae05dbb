// Where trainings run: what the person chose, what the engine makes of it, and the report of both.

/**
 * @typedef {import("./client.js").Engine} Engine
 * @typedef {import("../page/state.js").State} State
 * @typedef {import("../page/app.js").Notice} Notice
 * @typedef {import("./protocol.js").DeviceChoice} DeviceChoice
 * @typedef {import("./protocol.js").DeviceStatus} DeviceStatus
 */

/** How many workers can be asked for; 0 leaves it to the engine. Powers of two, because a step is halved and halved again. */
export const WORKERS = [0, 1, 2, 4, 8];

/** What is offered on a processor with so many cores. @param {number} cores */
export const workersFor = (cores) => WORKERS.filter((count) => count <= cores);

const CAREFUL = "The engine stopped once, so training stays on the processor until you choose anew above or reload the page.";

export class DeviceChooser {
  #engine;
  #state;
  /** After a fault of the engine's own the graphics card is left alone for this visit. */ #careful = false;
  #begun = false;
  /** The engine's version, which is the page's; empty until it is known. */ version = "";

  /** @param {{engine: Engine, state: State, notify: (notice: Notice) => void}} parts */
  constructor({ engine, state, notify }) {
    this.#engine = engine;
    this.#state = state;
    engine.on("device", (status) => {
      // The engine takes the page's caution for the person's choice.
      state.set("device", this.#careful ? { ...status, why: CAREFUL } : status);
      if (status.phase === "lost") notify({ kind: "info", key: "device", title: "Training moved to the processor.", message: status.why });
    });
    // A new worker knows nothing of the choice.
    engine.on("ready", ({ version }) => {
      this.version = version;
      if (this.#begun) this.#send();
    });
  }

  /** Lets the engine look for a graphics card. Not before the first text: that comes first. */
  begin() {
    this.#begun = true;
    this.#send();
  }

  /** @param {DeviceChoice} choice */
  choose(choice) {
    this.#careful = false;
    this.#state.set("deviceChoice", choice);
    if (this.#begun) this.#send();
  }

  /** @param {number} workers */
  chooseWorkers(workers) {
    this.#state.set("workersChoice", workers);
    if (this.#begun) this.#sendWorkers();
  }

  /** Leaves the graphics card alone for the rest of the visit, unless the person chooses it again. */
  beCareful() {
    this.#careful = true;
  }

  #send() {
    const chosen = this.#state.get("deviceChoice");
    // What is kept may come from another version of the page.
    const choice = this.#careful ? "cpu" : ["auto", "cpu", "gpu"].includes(chosen) ? chosen : "auto";
    this.#engine.request("set_device", { choice, page_has_gpu: "gpu" in navigator }).catch(() => {}); // An engine that died says so itself.
    this.#sendWorkers();
  }

  #sendWorkers() {
    const chosen = this.#state.get("workersChoice");
    this.#engine.request("set_workers", { workers: WORKERS.includes(chosen) ? chosen : 0 }).catch(() => {}); // The same.
  }
}

const MEBI = 2 ** 20;
/** @param {number | null} speed */
const tokens = (speed) => (speed === null ? "not measured" : `${Math.round(speed).toLocaleString("en-GB")} tokens a second`);

/**
 * Everything that someone who looks into a problem wants to know, as plain text.
 * @param {DeviceStatus | null} status @param {{version: string, userAgent: string, speed: number}} about The training's own speed; 0 if none.
 */
export function deviceReport(status, { version, userAgent, speed }) {
  const lines = ["Wave Field playground: device report", `Version: ${version || "not known yet"}`, `Browser: ${userAgent}`];
  if (!status) return [...lines, "The engine has not said anything yet."].join("\n");
  const { choice, backend, phase, why, adapter, checks, speeds, workers, sharing } = status;
  lines.push(`Chosen: ${choice}`, `Trains on: ${backend}`, `Adapter's state: ${phase}`, `Because: ${why}`, `Workers on the processor: ${workers}${sharing ? ` (${sharing})` : ""}`);
  if (adapter) {
    lines.push(
      `Adapter: ${adapter.name}${adapter.driver ? `, ${adapter.driver}` : ""} (${adapter.backend}${adapter.software ? ", software" : ""})`,
      `Limits: ${Math.round(adapter.max_binding / MEBI)} MiB a binding, ${adapter.max_workgroup_memory} bytes of workgroup memory, ${adapter.max_invocations} invocations a workgroup, ${adapter.timestamps ? "with" : "without"} timestamps`,
    );
  }
  for (const { what, error, allowed } of checks ?? []) {
    lines.push(`Check: ${what}, off by ${error.toExponential(2)}, allowed ${allowed.toExponential(0)}: ${error <= allowed ? "right" : "WRONG"}`);
  }
  lines.push(`Race: processor ${tokens(speeds.cpu)}, graphics card ${tokens(speeds.gpu)}`, `Last training: ${tokens(speed || null)}`);
  return lines.join("\n");
}

// Wires the page: the engine, the state, the storage and the panels. Nothing is decided here.

import { Address } from "./address.js";
import { Couplings } from "./couplings.js";
import { DeviceChooser } from "./device.js";
import { Engine } from "./engine.js";
import { Heads } from "./heads.js";
import { labAnchor } from "./lab.js";
import { Models } from "./models.js";
import { makeNotices } from "./notices.js";
import { mountFiles } from "./panels/files.js";
import { mountGenerate } from "./panels/generate.js";
import { mountLab } from "./panels/lab.js";
import { mountRace } from "./panels/race.js";
import { mountScaling } from "./panels/scaling.js";
import { mountTour } from "./panels/tour.js";
import { mountTrain } from "./panels/train.js";
import { mountWaves } from "./panels/waves.js";
import { State } from "./state.js";
import { storage } from "./storage.js";
import { mountTabs } from "./tabs.js";

const KEY_STATE = "state";
const KEEP_AFTER = 300;
/** Milliseconds that the training panel leaves to the first text. */
const LONGEST_WAIT = 1000;

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const engine = new Engine();
const state = new State();
const { notify, dismiss } = makeNotices(part("notices"));
const announce = (/** @type {string} */ text) => { part("announcer").textContent = text; };
const models = new Models({ engine, state, storage, notify });
const device = new DeviceChooser({ engine, state, notify });
const heads = new Heads({ engine, state, models, notify });
const couplings = new Couplings({ engine, state, models, notify });
const address = new Address({ state, heads, couplings, models, notify, dismiss, storage });
const show = mountTabs(/** @type {HTMLElement} */ (document.querySelector("[role=tablist]")), state);

/** Which of the lab's views is asked for before the lab is there. */
let awaited = labAnchor(location.hash);

/** @type {import("./app.js").App} */
const app = {
  engine, state, storage, models, heads, couplings, device, address, notify, announce, show,
  openLab: (view = "") => { awaited = view; },
};

engine.on("ready", ({ simd }) => {
  state.set("engine", "ready");
  dismiss("engine");
  part("engine-status").textContent = `Engine: WebAssembly${simd ? " with SIMD" : ""}, in a worker of its own.`;
});
engine.on("fatal", ({ message }) => {
  state.set("engine", "dead");
  part("engine-status").textContent = "Engine: stopped.";
  // A training that was under way starts another engine by itself.
  queueMicrotask(() => engine.alive || sayStopped(message));
});

/** @param {string} message */
function sayStopped(message) {
  notify({
    kind: "error",
    key: "engine",
    lasting: true,
    title: "The engine stopped.",
    message: `${message} What is on the page is still here; the model and its waves can be loaded again.`,
    action: { label: "Restart the engine", run: restart },
  });
}

function restart() {
  state.set("engine", "loading");
  engine.restart();
  models.reload().catch(cannotOpen);
}

/** @param {Error} error */
function cannotOpen(error) {
  if (!engine.alive) return;
  notify({ kind: "error", key: "open", title: "The model could not be opened.", message: error.message });
}

function showStorage() {
  part("storage-status").textContent = storage.persistent
    ? "Your settings, waves and opened model are kept in this browser." : storage.reason;
}

function keepState() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  const keep = () => storage.set(KEY_STATE, state.kept()).catch(() => {});
  state.onKept(() => {
    clearTimeout(timer);
    timer = setTimeout(keep, KEEP_AFTER);
  });
  addEventListener("pagehide", keep);
}

const breath = (/** @type {number} */ milliseconds = 0) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function start() {
  const restored = storage.get(KEY_STATE).catch(() => null).then((kept) => { state.restore(kept); address.begin(); });
  const firstTokens = new Promise((resolve) => engine.on("tokens", resolve));
  models.restore(restored, (info) => address.askedOf(info)).catch(cannotOpen);
  await restored;
  // A breath between two panels: neither the engine nor a person waits for all of them.
  for (const [id, mount] of /** @type {const} */ ([["generate", mountGenerate], ["waves", mountWaves], ["files", mountFiles]])) {
    mount(part(id), app);
    await breath();
  }
  keepState();
  address.follow();
  storage.onChange(showStorage);
  showStorage();
  // The first text comes first; a model that takes long keeps nobody from training.
  await Promise.race([firstTokens.then(() => breath()), breath(LONGEST_WAIT)]);
  app.openLab = mountLab(part("lab"), app, awaited);
  mountTrain(part("train"), app);
  mountRace(part("race"), app);
  mountScaling(part("scaling"), app);
  if (awaited !== null) app.openLab(awaited);
  addEventListener("hashchange", followAnchor);
  mountTour(app);
  device.begin();
}

/** An anchor such as #lab-energy was followed; the address goes back to being a link to this page. */
function followAnchor() {
  const view = labAnchor(location.hash);
  if (view === null) return;
  app.openLab(view);
  address.write();
}

start();

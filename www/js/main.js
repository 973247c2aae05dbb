// Wires the page: the engine, the state, the storage and the panels. Nothing is decided here.

import { Address } from "./link/address.js";
import { Couplings } from "./model/couplings.js";
import { DeviceChooser } from "./engine/device.js";
import { Engine } from "./engine/client.js";
import { Files } from "./files/files.js";
import { Heads } from "./model/heads.js";
import { LaterParts } from "./page/later.js";
import { Models } from "./model/models.js";
import { makeNotices } from "./page/notices.js";
import { mountPlaces } from "./page/places.js";
import { opening } from "./keep/opening.js";
import { mountHeader } from "./model/header.js";
import { mountGenerate } from "./generate/generate.js";
import { mountWaves } from "./waves/waves.js";
import { State } from "./page/state.js";
import { storage } from "./keep/storage.js";
import { orWhy } from "./page/why-not-loaded.js";

const KEY_STATE = "state";
const KEY_ASIDE = "state-aside";
const KEEP_AFTER = 300;
/** Milliseconds that the later parts leave to the first text, once its model is there, and in any case. */
const LONGEST_WAIT = 1000;
const LONGEST_LOADING = 20_000;

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const engine = new Engine();
const state = new State();
const { notify, dismiss } = makeNotices(part("notices"));
const announce = (/** @type {string} */ text) => { part("announcer").textContent = text; };
const models = new Models({ engine, state, storage, notify, opening });
const device = new DeviceChooser({ engine, state, notify });
const heads = new Heads({ engine, state, models, notify });
const couplings = new Couplings({ engine, state, models, notify });
const address = new Address({ state, heads, couplings, models, notify, storage, opening, say: (...what) => app.say(...what) });
const show = (/** @type {import("./page/places.js").Place} */ place, view = "") => address.go(place, view);
const files = new Files({ models, notify, show, state });

/** @type {ReturnType<typeof mountWaves>} */ let waves;
const later = new LaterParts(new URL("../css/page/later.css", import.meta.url), [
  { name: "hands", title: "What the waves are bent with", make: async () => waves.byHand((await orWhy(import("./waves/hands.js"), import.meta.url)).bendByHand) },
  { name: "undo", title: "Undo", make: async () => (await orWhy(import("./model/undo.js"), import.meta.url)).mountUndo(app) },
  { name: "badge", title: "The badge", make: async () => (await orWhy(import("./model/badge.js"), import.meta.url)).mountBadge(/** @type {HTMLElement} */ (document.querySelector(".model-title")), app) },
  { name: "focus", title: "The care for the focus", make: async () => (await orWhy(import("./page/focus.js"), import.meta.url)).guardFocus() },
  { name: "aside", title: "What an earlier visit set", make: async () => (await orWhy(import("./page/settings-aside.js"), import.meta.url)).mountAside(app, KEY_ASIDE) },
  { name: "effect", title: "What a bend does", make: async () => (await orWhy(import("./waves/effect.js"), import.meta.url)).mountEffect(app) },
  { name: "measured", title: "The measurement of the heads", make: async () => (await orWhy(import("./waves/measured.js"), import.meta.url)).mountMeasured(app) },
  { name: "more", title: "What explains terms", make: async () => (await orWhy(import("./generate/more.js"), import.meta.url)).mountMore(app) },
  { name: "dials", title: "The dials", make: async () => (await orWhy(import("./waves/memory-door.js"), import.meta.url)).mountMemoryDoor(app) },
  { name: "lab", title: "The lab", make: async () => (await orWhy(import("./lab/lab.js"), import.meta.url)).mountLab(part("lab"), app) },
  { name: "train", title: "Training", make: async () => (await orWhy(import("./train/train.js"), import.meta.url)).mountTrain(part("train"), app) },
  { name: "story", title: "The stories", make: async () => (await orWhy(import("./stories/stories.js"), import.meta.url)).mountStories(part("story"), app) },
  { name: "race", title: "The race", make: async () => (await orWhy(import("./race/race.js"), import.meta.url)).mountRace(part("race"), app) },
  { name: "long", title: "Long", make: async () => (await orWhy(import("./scaling/scaling.js"), import.meta.url)).mountScaling(part("scaling"), app) },
  { name: "mine", title: "Mine", make: async () => {
    const [train, race] = [await later.want("train"), await later.want("race")];
    if (!train || !race) throw new Error("It needs the parts for training and racing, of which one is missing.");
    (await orWhy(import("./mine/mine.js"), import.meta.url)).mountMine(part("mine"), app, train, race);
  } },
  { name: "tour", title: "The tour", make: async () => (await orWhy(import("./tour/tour.js"), import.meta.url)).mountTour(app) },
], notify);

/** @type {import("./page/app.js").App} */
const app = {
  engine, state, storage, opening, models, files, heads, couplings, device, address, notify, announce, show,
  training: async () => (await later.want("train"))?.training(),
  openMenu: async (...parts) => (await orWhy(import("./model/menu.js"), import.meta.url)).modelMenu(app, ...parts),
  sayLink: async (...link) => (await orWhy(import("./link/contents.js"), import.meta.url)).sayLink(app, ...link),
  dismiss,
  say: (what, ...about) => {
    orWhy(import("./link/said.js"), import.meta.url).then((said) => /** @type {(...all: unknown[]) => void} */ (said[what])(app, ...about))
      .catch(({ message }) => notify({ kind: "error", key: what, title: "What there is to say could not be loaded.", message }));
  },
  showQr: async (...link) => (await orWhy(import("./link/qr.js"), import.meta.url)).showQr(...link),
  openAddress: async (address) => (await orWhy(import("./model/from-address.js"), import.meta.url)).openFromAddress(app, address),
  openStep: async (...step) => (await orWhy(import("./train/step/step.js"), import.meta.url)).openStep(app, ...step),
  offerModel: async () => (await orWhy(import("./model/file.js"), import.meta.url)).offerModel(app),
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
    title: engine.loaded ? "The engine stopped." : "The page cannot compute anything yet.",
    message: engine.loaded ? `${message} What is on the page is still here; the model and its waves can be opened again.` : message,
    action: { label: engine.loaded ? "Restart the engine" : "Try again", run: restart },
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
  notify({
    kind: "error", key: "open", title: "The model could not be opened.", message: error.message,
    action: { label: "Try again", run: () => models.reload().then(() => dismiss("open"), cannotOpen) },
  });
}

let wasSilent = false;
function showStorage() {
  part("storage-status").textContent = storage.persistent
    ? "Your settings, waves and opened model are kept in this browser." : storage.reason;
  if (storage.persistent) {
    dismiss("storage");
    if (!wasSilent) return;
    wasSilent = false;
    notify({ kind: "info", key: "storage", title: "The browser's storage answers again.", message: "What you made meanwhile is kept. What was kept before is here after a reload.", action: { label: "Reload", run: () => location.reload() } });
  } else if (!storage.full) { // A training says itself what a full disk means for it.
    wasSilent ||= storage.silent;
    notify({ kind: "error", key: "storage", title: "The browser does not keep your work now.", message: storage.reason, action: { label: "Download what is not kept", run: saveUnkept } });
  }
}

const saveUnkept = () => orWhy(import("./runs/unkept.js"), import.meta.url).then(({ downloadUnkept }) => downloadUnkept(storage, notify))
  .catch(({ message }) => notify({ kind: "error", key: "storage", title: "It could not be put into a file.", message: `${message} ${storage.reason}` }));

/** @param {boolean} known  whether what was kept before was read: settings that nobody has touched never take its place */
function keepState(known) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  let touched = known;
  const keep = () => { if (touched) storage.set(KEY_STATE, state.kept()); };
  state.onKept(() => {
    touched = true;
    clearTimeout(timer);
    timer = setTimeout(keep, KEEP_AFTER);
  });
  addEventListener("pagehide", keep);
}

const breath = (/** @type {number} */ milliseconds = 0) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Resolves once the page has drawn itself as it is now; where nobody sees it, once it could. */
const drawn = () => new Promise((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve));
  setTimeout(resolve, LONGEST_WAIT);
});

/** What was set at the last visit, and what the link sets; neither by itself where it hurt. */
async function restoreState() {
  await opening.begin();
  const kept = await storage.get(KEY_STATE).catch(() => null);
  if (kept && opening.hurt("settings")) await storage.setAll({ [KEY_ASIDE]: kept }, [KEY_STATE]);
  else if (kept) {
    await opening.mark("settings", "", "the settings");
    state.restore(kept);
  }
  await address.begin();
}

async function start() {
  const restored = restoreState();
  const firstTokens = new Promise((resolve) => engine.on("tokens", resolve));
  // The engine is alive with a model once it has read something with it.
  const opened = models.restore(restored, (info) => address.askedOf(info)).catch(cannotOpen);
  opened.then(() => (opening.isMarked("model") ? engine.request("next_tokens", { prompt: "", count: 1, original: false }) : [])).catch(() => {})
    .then(drawn).then(() => opening.alive("model"));
  await restored;
  mountPlaces(state, show);
  const known = !storage.silent;
  // A breath between two panels: neither the engine nor a person waits for all of them.
  for (const [id, mount] of /** @type {const} */ ([["generate", mountGenerate], ["waves", () => { waves = mountWaves(part("waves"), app); }], ["files", mountHeader]])) {
    part(id).replaceChildren(); // The page runs: what the build drew in its place goes (first-view.mjs).
    mount(part(id), app);
    await breath();
  }
  keepState(known);
  address.follow();
  addEventListener("hashchange", followTour);
  state.on("place", (place) => { later.want(place); });
  later.want(state.get("place"));
  followTour();
  storage.onChange(showStorage);
  showStorage();
  // The first text comes first: what comes later would take its share of the line. Whoever goes elsewhere does not wait.
  await Promise.race([firstTokens.then(() => breath()), opened.then(() => breath(LONGEST_WAIT)), breath(LONGEST_LOADING)]);
  await later.all();
  device.begin();
  await drawn();
  opening.alive("settings");
  opening.alive("link");
  const status = part("offline-status");
  orWhy(import("./keep/offline.js"), import.meta.url).then(({ keepPage }) => keepPage(app, status), (error) => { status.textContent = `It is not kept for use without a connection. ${error.message}`; });
}

function followTour() {
  if (location.hash.startsWith("#tour")) later.want("tour");
}

start();

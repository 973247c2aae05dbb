// How the tests wait. Nothing here depends on how fast the machine is: what changes is asked for until it has the right
// value, and what has to be caught half-way is held there until the test lets it go.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

/** Only against hanging: nothing takes so long, on whatever machine. Whoever writes a test may wait less: HANG_SECONDS=20. */
export const HANG_MS = 1000 * Number(process.env.HANG_SECONDS ?? 600);
/** How often is asked. Nothing depends on it. */
const EVERY_MS = 30;

/**
 * Asks until the answer is the right one, and gives it.
 * @template T
 * @param {() => T | Promise<T>} read
 * @param {T | RegExp | ((value: T) => boolean)} wanted  a value, what its words must match, or what must hold of it
 * @param {string} [what]  stands in the message when it never comes
 * @returns {Promise<T>}
 */
export async function eventually(read, wanted, what = "what was waited for never came") {
  const isRight = (/** @type {T} */ value) => {
    if (typeof wanted === "function") return /** @type {(value: T) => boolean} */ (wanted)(value);
    return wanted instanceof RegExp ? wanted.test(String(value)) : isDeepStrictEqual(value, wanted);
  };
  const end = performance.now() + HANG_MS;
  for (;;) {
    const value = await read();
    if (isRight(value)) return value;
    if (performance.now() > end) {
      const expected = typeof wanted === "function" ? "" : `, expected ${wanted instanceof RegExp ? wanted : JSON.stringify(wanted)}`;
      assert.fail(`${what}: at last it was ${JSON.stringify(value)}${expected}`);
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

/**
 * The words of a part of the page, once they are as they should be.
 * @param {Locator} locator @param {string | RegExp | ((words: string) => boolean)} wanted @returns {Promise<string>}
 */
export const words = (locator, wanted) => eventually(() => locator.innerText(), wanted);

/**
 * What the page keeps under a key, once it is as it should be: it is written a little after what it is about.
 * @param {Page} page @param {string} key @param {(value: any) => boolean} [wanted] @returns {Promise<any>}
 */
export const kept = (page, key, wanted = (value) => value !== undefined) => eventually(() => page.evaluate(async (key) => {
  const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
  return storage.get(key);
}, key), wanted, `"${key}" was not kept as expected`);

/**
 * What passes between a page and its engines; `wire` of the page's globals.
 * @typedef {object} Wire
 * @property {((message: {type: string, payload: any}) => any)[]} asked Called with each request before it is sent, which
 *   they may change; where one gives false, it is not sent.
 * @property {((message: any) => void)[]} told Called with all that engines say, after the page has heard it.
 */

/**
 * Notes in a page what its engines were asked and have not answered yet, and what they told, and lets a test listen in.
 * @param {Page} page  before it is opened
 */
export const noteRequests = (page) => page.addInitScript(() => {
  /** @type {Wire} */
  const wire = { asked: [], told: [] };
  /** @type {Set<{type: string}>} */
  const unanswered = new Set();
  /** How often each event came. @type {Record<string, number>} */
  const told = {};
  /** @type {WeakMap<Worker, Map<number, {type: string}>>} */
  const workers = new WeakMap();
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (/** @type {any} */ message, /** @type {any} */ options) {
    let asked = workers.get(this);
    if (!asked) {
      const made = (asked = new Map());
      workers.set(this, made);
      this.addEventListener("message", ({ data }) => {
        if (data?.event) told[data.event] = (told[data.event] ?? 0) + 1;
        for (const hear of wire.told) hear(data);
        if (data?.type !== "reply") return;
        // After the page has heard it, and has asked what it asks next.
        setTimeout(() => unanswered.delete(made.get(data.id) ?? { type: "" }));
      });
    }
    if (typeof message?.type === "string" && wire.asked.map((hear) => hear(message)).includes(false)) return;
    if (typeof message?.id === "number") {
      const request = { type: String(message.type) };
      asked.set(message.id, request);
      unanswered.add(request);
    }
    return postMessage.call(this, message, options);
  };
  Object.assign(globalThis, { unanswered, told, wire });
});

/** Tokens that a page writes by itself before it is asked for any. */
const BY_ITSELF = 20;

/**
 * Has a page write little by itself: what it draws meanwhile would take a third of a core from what is tested.
 * @param {Page} page  before it is opened, and after {@link noteRequests}
 */
export const writeLittle = (page) => page.addInitScript((few) => {
  const { wire } = /** @type {{wire: Wire}} */ (/** @type {any} */ (globalThis));
  wire.asked.push(({ type, payload }) => { if (type === "generate" && payload.settings.max_tokens === 1000) payload.settings.max_tokens = few; });
}, BY_ITSELF);

/**
 * Waits until the engine has answered all that it was asked of these kinds, and the page has shown it. An engine that is
 * gone answers nothing.
 * @param {Page} page @param {string[]} types  of requests
 */
export async function answered(page, types) {
  await page.waitForFunction((types) => ![.../** @type {any} */ (globalThis).unanswered].some(({ type }) => types.includes(type)), types);
  await frames(page, 2);
}

/** What bends the model. */
const BENDING = ["load_model", "set_heads", "reset_heads", "set_coupling", "reset_couplings"];
/** Waits until the engine has the waves and the couplings as the page shows them. @param {Page} page */
export const applied = (page) => answered(page, BENDING);
/** Waits until what would come next is shown for the waves as they are. @param {Page} page */
export const foretold = (page) => answered(page, [...BENDING, "next_tokens"]);

/** The page's engines, the oldest first; other workers read files, share steps or measure. @param {Page} page */
export const engines = (page) => page.workers().filter((worker) => /\/worker(-[A-Z0-9]{8})?\.js$/.test(worker.url()));

/** Waits until the page does not scroll any more: a smooth scroll moves it in every frame. @param {Page} page */
export const scrolled = (page) => page.evaluate(async () => {
  let last = scrollY;
  for (let still = 0; still < 6; ) {
    await new Promise((done) => requestAnimationFrame(done));
    still = scrollY === last ? still + 1 : 0;
    last = scrollY;
  }
});

/** Some frames of the page, in which it draws what it has to draw. @param {Page} page @param {number} [frames] */
export const frames = (page, frames = 3) => page.evaluate(async (frames) => {
  for (let i = 0; i < frames; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
}, frames);

/**
 * Gives the engine, whose work goes in turns, the chance of many turns: if it does not move now, it stands still.
 * @param {Page} page @param {number} [turns]
 */
export async function engineTurns(page, turns = 50) {
  await engines(page)[0].evaluate(async (turns) => {
    const { port1, port2 } = new MessageChannel();
    for (let i = 0; i < turns; i++) {
      await new Promise((resolve) => {
        port1.onmessage = resolve;
        port2.postMessage(null);
      });
    }
    port1.close();
  }, turns);
  await frames(page);
}

/**
 * From now on an hour is long for the page: what it does only so soon after something else, it does however slow the machine.
 * @param {Page} page
 */
export const slowClock = (page) => page.evaluate(() => {
  const now = performance.now.bind(performance);
  const began = now();
  performance.now = () => began + (now() - began) / 1000;
});

/**
 * Presses a button in the very moment in which something holds, so that what is under way cannot be over by then. Both
 * run in the page.
 * @param {Page} page @param {() => boolean} holds @param {string} button  a selector, or the button's words
 * @param {string} [within]  a selector of the part that has the button
 */
export const pressWhen = (page, holds, button, within = "body") => page.evaluate(async ([holds, button, within]) => {
  const isSo = /** @type {() => boolean} */ (new Function(`return (${holds})()`));
  const find = () => /^[.#[]/.test(button)
    ? /** @type {HTMLButtonElement | null} */ (document.querySelector(button))
    : [...document.querySelectorAll("button")].find((each) => each.textContent === button && each.closest(within) && each.checkVisibility()) ?? null;
  for (;;) {
    const found = find();
    if (found && !found.disabled && isSo()) return found.click();
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}, /** @type {const} */ ([String(holds), button, within]));

/**
 * Has an engine's trainings wait at their evaluations. Runs in the worker.
 * @param {any} Session  the engine's @param {number} free  so many evaluations are made before
 */
function gateTraining(Session, free) {
  const { train_evaluate } = Session.prototype;
  /** @type {(() => void)[]} */
  const waiting = [];
  Object.assign(self, {
    allowTraining: (/** @type {number} */ more) => {
      free += more;
      waiting.splice(0, more).forEach((go) => go());
    },
    isTrainingHeld: () => waiting.length > 0,
  });
  Session.prototype.train_evaluate = async function () {
    if (free <= 0) await new Promise((resolve) => waiting.push(() => resolve(null)));
    free--;
    return train_evaluate.call(this);
  };
}

/** A training that is held, and how to let it go on. @param {() => import("playwright-core").Worker | undefined} worker */
const heldIn = (worker) => ({
  /** It stands at an evaluation now. */
  held: () => eventually(async () => (await worker()?.evaluate(() => /** @type {any} */ (self).isTrainingHeld?.())) ?? false, true, "the training was never held"),
  /** Lets so many more evaluations be made. @param {number} [more] */
  release: async (more = 1e9) => { await worker()?.evaluate((more) => /** @type {any} */ (self).allowTraining(more), more); },
});

/**
 * Holds the engine's trainings at their evaluations, so that each stays half-way until the test lets it go on.
 * @param {Page} page  its engine is there
 * @param {number} [free]  so many evaluations are made before it holds
 */
export async function holdTraining(page, free = 1) {
  const worker = () => engines(page)[0];
  await worker().evaluate(async ([gate, free]) => {
    // The worker has one of the two builds; asked again, it gives the module that is there.
    const names = performance.getEntriesByType("resource").map(({ name }) => name);
    const build = names.find((name) => /\/wavefield(_relaxed)?(-[A-Z0-9]{8})?\.js$/.test(name));
    if (!build) throw new Error(`no engine among ${names}`);
    const { Session } = await import(build);
    new Function(`return ${gate}`)()(Session, free);
  }, /** @type {const} */ ([String(gateTraining), free]));
  return heldIn(worker);
}

/**
 * Has engines that are started from now on run something more, which sees their `Session`.
 * @param {Page} page @param {() => string} more  its text, asked for each time that an engine is loaded
 * @returns {Promise<() => Promise<void>>} stops that
 */
export async function alterEngines(page, more) {
  const scripts = /\/wavefield(_relaxed)?(-[A-Z0-9]{8})?\.js$/;
  await page.route(scripts, async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    // In the built page the class has a short name of its own.
    const name = /([\w$]+) as Session\b/.exec(text)?.[1] ?? "Session";
    await route.fulfill({ response, body: `${text}\n((Session) => {${more()}})(${name});` });
  });
  return () => page.unroute(scripts);
}

/**
 * The same for engines that are started from now on, of which the newest is meant.
 * @param {Page} page @param {number} [free]
 */
export async function holdNewEngines(page, free = 1) {
  const stop = await alterEngines(page, () => `(${gateTraining})(Session, ${free});`);
  return { ...heldIn(() => engines(page).at(-1)), stop };
}

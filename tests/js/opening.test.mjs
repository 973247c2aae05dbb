import assert from "node:assert/strict";
import { test } from "node:test";
import { Opening, PATIENCE_MS } from "../../www/js/keep/opening.js";

/** What pages of one browser share: a store, and locks that a page's end releases. */
function browser() {
  /** @type {Map<string, string>} */
  const values = new Map();
  /** @type {Set<string>} */
  const held = new Set();
  const store = {
    get length() { return values.size; },
    key: (/** @type {number} */ i) => [...values.keys()][i] ?? null,
    getItem: (/** @type {string} */ key) => values.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void values.set(key, value),
    removeItem: (/** @type {string} */ key) => void values.delete(key),
  };
  /** @returns {{ opening: Opening, clock: { now: number }, end: () => void }} */
  const page = () => {
    const clock = { now: 0 };
    /** @type {string[]} */
    const mine = [];
    const locks = /** @type {any} */ ({
      request: (/** @type {string} */ name, /** @type {() => Promise<void>} */ hold) => {
        held.add(name);
        mine.push(name);
        return hold();
      },
      query: async () => ({ held: [...held].map((name) => ({ name })) }),
    });
    return { opening: new Opening(store, locks, () => clock.now), clock, end: () => mine.forEach((name) => held.delete(name)) };
  };
  return { page, values };
}

test("what was being opened when a page stopped is told to the next page, once", async () => {
  const { page, values } = browser();
  const first = page();
  await first.opening.begin();
  await first.opening.mark("model", "Huge:33000", "Huge");
  await first.opening.mark("training", "1-a", "Names");
  first.opening.alive("training");
  first.end(); // It crashed.
  const second = page();
  await second.opening.begin();
  assert.deepEqual(second.opening.hurt("model"), { kind: "model", id: "Huge:33000", name: "Huge" });
  assert.deepEqual(second.opening.hurt("model", "Huge:33000")?.name, "Huge");
  assert.equal(second.opening.hurt("model", "Other:5"), null);
  assert.equal(second.opening.hurt("training"), null);
  assert.equal(values.size, 0);
  const third = page();
  await third.opening.begin();
  assert.equal(third.opening.hurt("model"), null);
});

test("a page that came alive, or was left before long, leaves nothing", async () => {
  const { page, values } = browser();
  const first = page();
  await first.opening.mark("model", "a", "A");
  first.opening.alive("model");
  assert.equal(values.size, 0);
  await first.opening.mark("link", "#a", "the link");
  first.clock.now += PATIENCE_MS - 1;
  first.opening.leave();
  assert.equal(values.size, 0);
  // One that stood still is left marked.
  await first.opening.mark("link", "#a", "the link");
  first.clock.now += 3 * PATIENCE_MS;
  first.opening.leave();
  first.end();
  const second = page();
  await second.opening.begin();
  assert.equal(second.opening.hurt("link")?.id, "#a");
});

test("what another tab is opening just now has hurt nobody", async () => {
  const { page } = browser();
  const first = page();
  await first.opening.mark("model", "a", "A");
  const second = page();
  await second.opening.begin();
  assert.equal(second.opening.hurt("model"), null);
  first.end();
  const third = page();
  await third.opening.begin();
  assert.equal(third.opening.hurt("model")?.name, "A");
});

test("without storage, without locks and with nonsense in it the page opens all the same", async () => {
  const none = new Opening(null, undefined);
  await none.begin();
  await none.mark("model", "a", "A");
  none.alive("model");
  none.leave();
  assert.equal(none.hurt("model"), null);
  const { page, values } = browser();
  for (const [i, text] of ["{", "null", "[1]", '[{"kind":"model"}]', '{"kind":"model"}'].entries()) values.set(`wave-field-opening/${i}`, text);
  const { opening } = page();
  await opening.begin();
  assert.equal(opening.hurt("model"), null);
  assert.equal(values.size, 0);
});

// Who takes what is dropped or pasted: the page or the browser. The handlers are called as a browser would call them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptDrops } from "../../www/js/files/drops.js";

/** As much of an element as the handlers ask of it. */
class FakeElement {
  hidden = false;
  textContent = "";
  classList = { add: () => {}, remove: () => {} };
  #matches;
  /** @param {string[]} matches  the selectors that it matches, by a piece of them */
  constructor(...matches) {
    this.#matches = matches;
  }
  setAttribute() {}
  append() {}
  /** @param {string} selector */
  closest(selector) {
    return this.#matches.some((piece) => selector.includes(piece)) ? this : null;
  }
  /** @param {string} selector */
  matches(selector) {
    return this.closest(selector) !== null;
  }
}

/** The page's handlers, and what they did. */
function bench() {
  /** @type {Record<string, (event: any) => void>} */
  const handlers = {};
  /** @type {{ names: string[], target: unknown, folder: boolean }[]} */
  const taken = [];
  /** @type {any[]} */
  const said = [];
  const page = { origin: "http://page.test", pathname: "/", hash: "" };
  Object.assign(globalThis, {
    Element: FakeElement, Node: FakeElement, location: page,
    document: { createElement: () => new FakeElement(), body: new FakeElement(), addEventListener: (/** @type {string} */ type, /** @type {any} */ handler) => { handlers[type] = handler; } },
  });
  acceptDrops(/** @type {any} */ ({
    files: { take: async (/** @type {File[]} */ files, target = null, folder = false) => { taken.push({ names: files.map(({ name }) => name), target, folder }); } },
    notify: (/** @type {any} */ notice) => said.push(notice),
  }));
  /** @param {string} type @param {object} event @returns {Promise<boolean>} whether the page took it */
  const fire = async (type, event) => {
    const whole = { defaultPrevented: false, preventDefault() { this.defaultPrevented = true; }, relatedTarget: null, ...event };
    handlers[type](whole);
    // The page asked for it first, and has it first.
    await import("../../www/js/files/dropped.js");
    for (let i = 0; i < 20; i++) await null; // What it began without waiting.
    return whole.defaultPrevented;
  };
  return { fire, taken, said, page };
}

/** @param {File[]} files @param {object[]} [entries] */
const carrying = (files, entries = []) => ({
  types: ["Files"], files, getData: () => "", dropEffect: "none",
  items: entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry })),
});
/** @param {Record<string, string>} data */
const saying = (data) => ({ types: Object.keys(data), files: [], items: [], getData: (/** @type {string} */ type) => data[type] ?? "" });

test("files are the page's wherever they are dropped, onto a field too", async () => {
  const { fire, taken } = bench();
  for (const target of [new FakeElement(), new FakeElement("textarea"), new FakeElement("data-takes-files")]) {
    assert.ok(await fire("dragover", { target, dataTransfer: carrying([]) }));
    assert.ok(await fire("drop", { target, dataTransfer: carrying([new File([], "a"), new File([], "b")]) }));
    assert.deepEqual(taken.pop(), { names: ["a", "b"], target, folder: false });
  }
});

test("a folder's files are taken together, without those that are hidden", async () => {
  const { fire, taken } = bench();
  const leaf = (/** @type {string} */ name) => ({ isFile: true, isDirectory: false, name, file: (/** @type {(file: File) => void} */ done) => done(new File([], name)) });
  const folder = (/** @type {string} */ name, /** @type {object[]} */ ...inside) => ({
    isFile: false, isDirectory: true, name,
    createReader: () => ({ readEntries: (/** @type {(entries: object[]) => void} */ done) => done(inside.splice(0, 2)) }),
  });
  const entries = [folder("model", leaf("m"), leaf(".hidden"), leaf("t"), folder("more", leaf("deep"), folder("deeper", leaf("too deep")))), leaf("beside")];
  await fire("drop", { target: new FakeElement(), dataTransfer: carrying([new File([], "model"), new File([], "beside")], entries) });
  for (let i = 0; i < 200; i++) await null;
  assert.deepEqual(taken.map(({ names, folder }) => [names, folder]), [[["beside", "m", "t", "deep"], true]]);
});

test("words go into a field by the browser; elsewhere they are said, or are a text where texts are taken", async () => {
  const { fire, taken, said } = bench();
  const words = saying({ "text/plain": "The tide is low." });
  assert.equal(await fire("dragover", { target: new FakeElement("textarea"), dataTransfer: words }), false);
  assert.equal(await fire("drop", { target: new FakeElement("textarea"), dataTransfer: words }), false);
  assert.ok(await fire("drop", { target: new FakeElement("textarea", ":disabled"), dataTransfer: words }));
  assert.match(said.pop().title, /Words were dropped/);
  assert.ok(await fire("dragover", { target: new FakeElement(), dataTransfer: words }));
  assert.ok(await fire("drop", { target: new FakeElement(), dataTransfer: words }));
  said.pop().action.run();
  assert.deepEqual(taken.pop()?.names, ["Dropped words"]);
  const place = new FakeElement("data-takes-files");
  assert.ok(await fire("drop", { target: place, dataTransfer: words }));
  assert.deepEqual(taken.pop(), { names: ["Dropped words"], target: place, folder: false });
  // What is dragged about within the page is nobody's file.
  await fire("dragstart", {});
  assert.equal(await fire("drop", { target: new FakeElement(), dataTransfer: words }), false);
  assert.ok(await fire("drop", { target: new FakeElement(), dataTransfer: words }), "the next one comes from elsewhere");
});

test("a link is said where it leads; one to this page is followed", async () => {
  const { fire, said, page } = bench();
  const drop = (/** @type {string} */ link) => fire("drop", { target: new FakeElement(), dataTransfer: saying({ "text/uri-list": link, "text/plain": link }) });
  assert.ok(await drop("# a comment\r\nhttps://example.org/model.safetensors\r\n"));
  assert.match(said.pop().message, /leads to example\.org/);
  assert.ok(await drop("no link"));
  assert.match(said.pop().title, /link was dropped/);
  assert.ok(await drop("http://page.test/#seed=3"));
  assert.equal(page.hash, "#seed=3");
  assert.equal(said.length, 0);
});

test("a file is pasted; words are not the page's", async () => {
  const { fire, taken } = bench();
  assert.ok(await fire("paste", { target: new FakeElement(), clipboardData: carrying([new File([], "a")]) }));
  assert.deepEqual(taken.pop()?.names, ["a"]);
  assert.equal(await fire("paste", { target: new FakeElement(), clipboardData: saying({ "text/plain": "x" }) }), false);
});

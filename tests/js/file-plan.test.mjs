import assert from "node:assert/strict";
import { test } from "node:test";
import { planFor, refusal } from "../../www/js/files/plan.js";

/** @typedef {import("../../www/js/files/plan.js").Known} Known */
/** @typedef {Known["found"]["kind"]} Kind */

/** @param {string} name @param {Kind} kind @param {string} [what] @returns {Known} */
const known = (name, kind, what = `a ${kind}`) => ({ file: new File([name], name), found: { kind, what, advice: "do this" } });

/** @param {ReturnType<typeof planFor>} plan */
const names = ({ model, trainings, texts, refused }) => ({
  model: model && { ...model, tensors: model.tensors.map(({ name }) => name), config: model.config?.name ?? null, tokenizer: model.tokenizer?.name ?? null },
  trainings: trainings.map(({ name }) => name), texts: texts.map(({ name }) => name), refused: refused.map(({ file }) => file.name),
});

test("every file is somewhere in the plan, whatever comes together and wherever it is dropped", () => {
  const kinds = /** @type {Kind[]} */ (["model", "model_index", "training", "tokenizer", "config", "recipe", "settings", "archive", "text", "document", "data", "other", "empty"]);
  const files = kinds.flatMap((kind) => [known(`${kind} 1`, kind), known(`${kind} 2`, kind)]);
  for (const place of /** @type {const} */ (["page", "text"])) {
    for (const some of [files, ...files.map((file) => [file]), ...kinds.map((kind) => files.filter(({ found }) => found.kind === kind)), ...kinds.map((kind) => files.filter(({ found }) => found.kind !== kind))]) {
      const { model, trainings, texts, refused } = names(planFor(some, place));
      const settings = planFor(some, place).settings.map(({ name }) => name);
      const all = [...(model ? [...model.tensors, model.config, model.tokenizer] : []), ...trainings, ...texts, ...settings, ...refused].filter((name) => name !== null);
      // A list of a model's parts has nothing that the parts themselves do not tell.
      const expected = some.filter(({ found }) => !model?.tensors.length || found.kind !== "model_index").map(({ file }) => file.name);
      assert.deepEqual([...new Set(all)].sort(), expected.sort(), `${place}: ${some.map(({ file }) => file.name)}`);
    }
  }
});

test("a model takes what lies beside it, in any order, and its numbered parts", () => {
  const [model, tokenizer, config] = [known("m.bin", "model"), known("t", "tokenizer"), known("c", "config")];
  for (const files of [[model, tokenizer, config], [config, tokenizer, model]]) {
    assert.deepEqual(names(planFor(files, "page")).model, { name: "m", tensors: ["m.bin"], config: "c", tokenizer: "t" });
  }
  const parts = ["model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors"].map((name) => known(name, "model"));
  const { model: whole, refused } = names(planFor([...parts, known("other.safetensors", "model")], "text"));
  assert.deepEqual(whole, { name: "model", tensors: parts.map(({ file }) => file.name).sort(), config: null, tokenizer: null });
  assert.deepEqual(refused, ["other.safetensors"]);
});

test("texts and trainings are all taken; data is a text only where texts are", () => {
  const files = [known("a", "text"), known("b", "training"), known("c", "text"), known("d", "training"), known("e.json", "data")];
  assert.deepEqual(names(planFor(files, "page")), { model: null, trainings: ["b", "d"], texts: ["a", "c"], refused: ["e.json"] });
  assert.deepEqual(names(planFor(files, "text")).texts, ["a", "c", "e.json"]);
  const page = "a web page that was saved in the file's place";
  assert.deepEqual(names(planFor([known("x.txt", "data", page)], "text")).refused, ["x.txt"]);
  assert.deepEqual(names(planFor([known("x.html", "data", page)], "text")).texts, ["x.html"]);
  // What describes a model in its folder is no text to train on.
  const folder = [known("m", "model"), known("README.md", "text"), known("train.toml", "recipe")];
  assert.deepEqual(names(planFor(folder, "page", true)), { model: { name: "m", tensors: ["m"], config: null, tokenizer: null }, trainings: [], texts: [], refused: [] });
  assert.deepEqual(names(planFor(folder.slice(1), "page", true)).texts, ["README.md"]);
});

test("what is refused is named with what it is and what helps", () => {
  const { refused } = planFor([known("a.pdf", "other", "a PDF document"), known("b", "empty", "an empty file")], "page");
  assert.match(refusal(refused.slice(0, 1)).title, /^a\.pdf could not be opened/);
  assert.match(refusal(refused.slice(0, 1)).message, /It is a PDF document: do this\./);
  assert.match(refusal(refused).message, /"a\.pdf": It is a PDF document.*"b": It is an empty file/);
});

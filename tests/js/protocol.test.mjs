// Messages between the page and the worker are checked where they are made and where they arrive.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultInRequest, isWorkerMessage, makeEvent, makeFailure, makeReply, makeRequest } from "../../www/js/engine/protocol.js";

const head = { frequency: 1, damping: 0.1, phase: 0, gain: 1 };

test("a good request passes both checks", () => {
  const message = makeRequest("set_heads", 3, { layer: 0, heads: [head, head] });
  assert.deepEqual(message, { type: "set_heads", id: 3, payload: { layer: 0, heads: [head, head] } });
  assert.equal(faultInRequest(structuredClone(message)), null);
});

test("a request with a wrong part is refused and the part is named", () => {
  for (const [type, payload, named] of /** @type {[any, any, RegExp][]} */ ([
    ["set_heads", { layer: -1, heads: [] }, /"layer"/],
    ["set_heads", { layer: 0, heads: [{ ...head, phase: NaN }] }, /"heads"/],
    ["load_model", { bytes: "text", name: "x" }, /"bytes"/],
    ["next_tokens", { prompt: "a", count: 1.5, original: false }, /"count"/],
    ["no_such_thing", {}, /no request called/],
  ])) {
    assert.throws(() => makeRequest(type, 1, payload), named);
    assert.match(faultInRequest({ type, id: 1, payload }) ?? "", named);
  }
  assert.ok(faultInRequest(null));
  assert.ok(faultInRequest({ type: "model_info", id: 1 }));
});

test("what the worker says is told from what it does not", () => {
  assert.ok(isWorkerMessage(makeReply(1, null)));
  assert.ok(isWorkerMessage(makeFailure(1, "no")));
  assert.ok(isWorkerMessage(makeEvent("fatal", { message: "no" })));
  for (const other of [null, "ready", {}, { type: "event", event: "weather" }, { type: "reply", id: "1", ok: true }]) {
    assert.equal(isWorkerMessage(other), false);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { KINDS, run } from "../fuzz/page.mjs";

for (const [kind, { count }] of Object.entries(KINDS)) {
  test(`${count} seeded ${kind}: each is taken and can be shown, or refused in words`, async () => {
    const { failed } = await run(kind, 0, (tried) => tried < count);
    assert.deepEqual(failed, []);
  });
}

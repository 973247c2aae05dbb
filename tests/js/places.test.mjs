// What an address says of the place of the page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PLACES, VIEWS, addressOf, placeIn } from "../../www/js/page/places.js";

test("a fragment begins with a place, whose view may follow, or with none", () => {
  assert.deepEqual(placeIn("#train"), { place: "train", view: "", settings: "" });
  assert.deepEqual(placeIn("#lab/energy"), { place: "lab", view: "energy", settings: "" });
  assert.deepEqual(placeIn("#story/cheat"), { place: "story", view: "cheat", settings: "" });
  assert.deepEqual(placeIn("#lab-energy"), { place: "lab", view: "energy", settings: "" });
  assert.deepEqual(placeIn("#lab/energy&seed=11&end"), { place: "lab", view: "energy", settings: "seed=11&end" });
  assert.deepEqual(placeIn("#write&seed=11"), { place: "write", view: "", settings: "seed=11" });
  for (const other of ["", "#generate", "#labour", "#lab-", "#lab=1", "#seed=11", "#prompt=lab-energy", "#tour", "#tour-2", "#train/energy", "#constructor", "#text=names&lab"]) {
    assert.deepEqual(placeIn(other), { place: null, view: "", settings: other.replace("#", "") }, other);
  }
});

test("what is written for a place is read as that place", () => {
  for (const place of /** @type {import("../../www/js/page/places.js").Place[]} */ (Object.keys(PLACES))) {
    const fragment = addressOf(place, "energy");
    assert.equal(placeIn(fragment).place ?? "write", place);
    assert.equal(placeIn(fragment).view, place in VIEWS ? "energy" : "");
    assert.match(fragment, /^$|[a-z]$/, "a chat would cut its end");
  }
});

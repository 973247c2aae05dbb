// How much longer a training or a race takes, in words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { beforehand, rangeInWords, TimeLeft } from "../../www/js/train/left.js";

/**
 * Work at a speed that may change; what was said after each report.
 * @param {(worked: number) => number} speed  steps a second @param {number} steps @param {TimeLeft} [left]
 */
function work(speed, steps, left = new TimeLeft()) {
  /** @type {{ worked: number, said: string, range: [number, number] | null }[]} */
  const said = [];
  for (let done = 0, worked = 0; done < steps; worked += 0.2) {
    left.report(worked, Math.floor(done), steps);
    said.push({ worked, said: left.words(), range: left.range });
    done += speed(worked) * 0.2;
  }
  return { said, took: said.at(-1)?.worked ?? 0 };
}

test("it is measured first, then said as a range that holds to the end", () => {
  const { said, took } = work(() => 10, 1000);
  assert.equal(said[0].said, "measuring…");
  assert.ok(said.filter(({ worked }) => worked < 3).every((each) => each.said === "measuring…"));
  const after = said.filter(({ worked }) => worked > 3.5);
  for (const { worked, range } of after) assert.ok(range && range[0] <= took - worked + 0.3 && range[1] >= took - worked - 0.3, `${worked}: ${range}`);
  assert.ok(after.every((each) => !each.said.includes("rather")), "nothing had to be corrected");
  assert.equal(after[0].said, "85–140 s");
});

test("work that becomes slower is corrected, with a word that says why, and never grows in silence", () => {
  const { said, took } = work((worked) => (worked < 20 ? 10 : 3), 1000);
  const first = said.find(({ range }) => range);
  const corrected = said.find((each) => each.said.includes("now rather"));
  assert.ok(first?.range && corrected, JSON.stringify(said.at(-1)));
  assert.match(corrected.said, /^now rather [\d.]+–[\d.]+ (s|min): other work on this machine$/);
  // Until then it stayed within what was said.
  const promised = first.worked + first.range[1];
  for (const { worked, range, said: words } of said) if (range && !words.includes("rather")) assert.ok(worked + range[1] <= promised + 1e-6);
  const late = said.filter(({ worked }) => worked > took * 0.6);
  for (const { worked, range } of late) assert.ok(range && range[1] >= took - worked - 1, `${worked}: ${range}, it took ${took}`);
  const slow = new TimeLeft();
  work((worked) => (worked < 20 ? 10 : 3), 1000, slow);
  assert.match(slow.words("a race is under way, too"), /: a race is under way, too$/);
});

test("work that becomes much faster is said anew, too; noise is not", () => {
  const { said } = work((worked) => (worked < 20 ? 2 : 20), 2000);
  assert.match(said.find((each) => each.said.includes("now rather"))?.said ?? "", /faster than at first$/);
  const noisy = work((worked) => 10 * (1 + 0.25 * Math.sin(worked * 7)), 1000).said;
  assert.ok(noisy.every((each) => !each.said.includes("rather")));
});

test("more steps that a person asks for are no news of the machine", () => {
  const left = new TimeLeft();
  for (let i = 0; i < 40; i++) left.report(i / 5, 2 * i, 200);
  assert.ok(left.range);
  left.report(8.2, 82, 2000);
  assert.equal(left.words(), "measuring…");
  for (let i = 42; i < 60; i++) left.report(i / 5, 2 * i, 2000);
  assert.match(left.words(), /^[\d.]+(–| s to )[\d.]+ min$/);
});

test("ranges are in numbers that are easily read", () => {
  const said = { "4–4.5 min": [241, 265], "20–35 s": [22, 31], "up to 15 s": [3, 12], "a few seconds": [0, 6], "11–16 min": [700, 950], "40–140 s": [42, 140], "100 s to 4 min": [105, 220], "85 min to 1.75 h": [5130, 6200], "1.5–2.25 h": [5600, 8000], "about 25 s": [25, 25] };
  for (const [words, [low, high]] of Object.entries(said)) assert.equal(rangeInWords(low, high), words);
});

test("beforehand the range is wide where nothing was measured, and narrower where something was", () => {
  assert.equal(beforehand(60, false), "40 s to 3 min");
  assert.equal(beforehand(60, true), "50–85 s");
  assert.equal(beforehand(NaN, true), "an unknown time");
});

// Runs make targets one after another and adds up what they tested. A target that fails does not keep
// the later ones from running, so one run shows everything that is wrong.
//
//     node tests/run.mjs TARGET...

import { spawn } from "node:child_process";

/** @typedef {{passed: number, failed: number, skipped: number}} Counts */

/**
 * What a runner's closing line adds to the counts.
 * @type {{line: RegExp, add: (counts: Counts, found: string[]) => void}[]}
 */
const CLOSING_LINES = [
  {
    // cargo test, once a test binary.
    line: /^test result: .* (\d+) passed; (\d+) failed; (\d+) ignored;/,
    add: (counts, [, passed, failed, ignored]) => {
      counts.passed += Number(passed);
      counts.failed += Number(failed);
      counts.skipped += Number(ignored);
    },
  },
  {
    // node --test with its spec reporter, one line a kind.
    line: /^ℹ (pass|fail|cancelled|skipped|todo) (\d+)$/,
    add: (counts, [, kind, count]) => {
      if (kind === "pass") counts.passed += Number(count);
      else if (kind === "fail" || kind === "cancelled") counts.failed += Number(count);
      else counts.skipped += Number(count);
    },
  },
  {
    // The Python package's tests (python/tests/__main__.py).
    line: /^python: (\d+) passed, (\d+) failed, (\d+) skipped$/,
    add: (counts, [, passed, failed, skipped]) => {
      counts.passed += Number(passed);
      counts.failed += Number(failed);
      counts.skipped += Number(skipped);
    },
  },
];

/** @param {string} line @param {Counts} counts @returns {boolean} Whether it was a closing line. */
function count(line, counts) {
  const plain = line.replace(/\u001b\[[0-9;]*m/g, "").trimEnd();
  for (const { line: pattern, add } of CLOSING_LINES) {
    const found = pattern.exec(plain);
    if (!found) continue;
    add(counts, found);
    return true;
  }
  return false;
}

/**
 * Runs one target, shows what it prints and counts its tests. A target without a test runner, such as
 * a linter, counts as one test.
 * @param {string} target
 * @returns {Promise<Counts & {target: string, ok: boolean, seconds: number}>}
 */
function run(target) {
  const started = performance.now();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const color = process.stdout.isTTY ? "always" : "never";
  const make = spawn("make", ["--no-print-directory", target], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, CARGO_TERM_COLOR: process.env.CARGO_TERM_COLOR ?? color },
  });
  let counted = false;
  let rest = "";
  make.stdout.setEncoding("utf8");
  make.stdout.on("data", (/** @type {string} */ text) => {
    process.stdout.write(text);
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) counted = count(line, counts) || counted;
  });
  return new Promise((resolve) => {
    make.on("error", (error) => console.error(String(error)));
    make.on("close", (code) => {
      const ok = code === 0;
      if (!counted && ok) counts.passed = 1;
      if (!ok && counts.failed === 0) counts.failed = 1;
      resolve({ target, ok, seconds: (performance.now() - started) / 1000, ...counts });
    });
  });
}

/** @type {Awaited<ReturnType<typeof run>>[]} */
const results = [];
for (const target of process.argv.slice(2)) {
  console.log(`\n==== make ${target}`);
  results.push(await run(target));
}

console.log("");
for (const { target, ok, seconds } of results) {
  console.log(`${ok ? "ok    " : "FAILED"}  ${target.padEnd(18)} ${seconds.toFixed(1).padStart(7)} s`);
}
/** @param {keyof Counts} kind */
const total = (kind) => results.reduce((sum, result) => sum + result[kind], 0);
if (total("skipped")) console.log(`${total("skipped")} skipped; each says why above`);
console.log(`${total("passed")} passed, ${total("failed")} failed`);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

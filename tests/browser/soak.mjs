// Runs the browser's tests again and again: on an idle machine, then with every core kept busy. Whatever depends on how
// fast the machine is shows up here. Prints a table, as BENCHMARKS.md has it, and fails if a single test failed.
//
//     node tests/browser/soak.mjs [--rounds N] [--only idle | --only busy] [FILE...]

import { spawn } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const SUITE = fileURLToPath(new URL("suite.mjs", import.meta.url));
/** A program that does nothing but keep a core busy, at the tests' own priority. */
const BUSY = "for (let x = 1; ; x = (x * 48271) % 2147483647);";

const KINDS = ["idle", "busy"];
const { values: options, positionals: given } = parseArgs({ allowPositionals: true, options: { rounds: { type: "string", default: "5" }, only: { type: "string" } } });
const rounds = Number(options.rounds);
const kinds = options.only === undefined ? KINDS : KINDS.filter((kind) => kind === options.only);
const wrong = !Number.isInteger(rounds) || rounds < 1 ? `--rounds takes a whole number from 1, not "${options.rounds}".`
  : kinds.length === 0 ? `--only takes idle or busy, not "${options.only}".` : "";
if (wrong) {
  console.error(wrong);
  process.exit(2);
}

/** @typedef {{round: number, kind: string, passed: number, failed: number, skipped: number, seconds: number, names: string[]}} Round */

/** @param {string} line @param {RegExp} pattern */
const found = (line, pattern) => pattern.exec(line)?.[1];

/** One run of the suite. @param {number} round @param {string} kind @returns {Promise<Round>} */
function run(round, kind) {
  const began = performance.now();
  /** @type {Round} */
  const result = { round, kind, passed: 0, failed: 0, skipped: 0, seconds: 0, names: [] };
  const running = (suite = spawn(process.execPath, [SUITE, ...given], { stdio: ["ignore", "pipe", "inherit"] }));
  let rest = "";
  let failing = false;
  running.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
    process.stdout.write(text);
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      result.passed += Number(found(line, /^ℹ pass (\d+)$/) ?? 0);
      result.failed += Number(found(line, /^ℹ (?:fail|cancelled) (\d+)$/) ?? 0);
      result.skipped += Number(found(line, /^ℹ (?:skipped|todo) (\d+)$/) ?? 0);
      // The list at the end has each test that failed, with its file before it.
      failing ||= line.includes("failing tests:");
      const name = failing ? found(line, /^\s*✖ (.*?)(?: \([\d.]+ms\))?$/) : undefined;
      if (name && !name.startsWith("failing tests")) result.names.push(name);
    }
  });
  return new Promise((resolve) => running.on("close", (code) => {
    if (code !== 0 && result.failed === 0) result.failed = 1;
    resolve({ ...result, seconds: (performance.now() - began) / 1000 });
  }));
}

/** @type {import("node:child_process").ChildProcess[]} */
let burners = [];
/** @type {import("node:child_process").ChildProcess | null} */
let suite = null;
process.on("exit", () => [...burners, suite].forEach((child) => child?.kill()));
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => process.exit(1));

/** @type {Round[]} */
const results = [];
for (const kind of kinds) {
  if (kind === "busy") burners = cpus().map(() => spawn(process.execPath, ["-e", BUSY], { stdio: "ignore" }));
  for (let round = 1; round <= rounds; round++) {
    console.log(`\n==== round ${round} of ${rounds}, ${kind === "busy" ? "every core busy" : "idle"}`);
    results.push(await run(round, kind));
  }
  burners.forEach((burner) => burner.kill());
}

console.log(`\n${availableParallelism()} cores, ${cpus()[0]?.model ?? "unknown"}\n`);
console.log("| round | machine | passed | failed | skipped | seconds | what failed |");
console.log("| --- | --- | --- | --- | --- | --- | --- |");
for (const { round, kind, passed, failed, skipped, seconds, names } of results) {
  console.log(`| ${round} | ${kind} | ${passed} | ${failed} | ${skipped} | ${seconds.toFixed(0)} | ${names.join("; ")} |`);
}
process.exitCode = results.every(({ failed }) => failed === 0) ? 0 : 1;

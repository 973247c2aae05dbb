// Runs the browser's tests: as many files at a time as there are cores, the dearest first, so that all are at work to the
// end. Each file is a process of its own, but the browsers are shared.
//
//     node tests/browser/suite.mjs [FILE...]

import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { finished } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { openPool } from "./pool.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** The files that cost most, as measured, the dearest first. What is not here comes after them. */
const DEAREST = ["gpu", "device", "runs", "sight", "train", "parallel", "control", "race"];
/** A test is trained and drawn for by several processes at once, so more files than that only wait. */
const AT_ONCE = Math.max(1, Math.min(availableParallelism(), 4));

/** @param {string} file */
const rank = (file) => {
  const at = DEAREST.indexOf(basename(file).replace(".test.mjs", ""));
  return at < 0 ? DEAREST.length : at;
};

const given = process.argv.slice(2);
const files = given.length > 0 ? given : readdirSync(HERE).filter((name) => name.endsWith(".test.mjs")).map((name) => join(HERE, name));
files.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));

const pool = await openPool();
Object.assign(process.env, pool.env);
// The browsers' library would close them and let the tests go on without.
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => process.exit(1));
const tests = run({ files, concurrency: AT_ONCE });
tests.on("test:fail", () => (process.exitCode = 1));
const told = tests.compose(new spec());
told.pipe(process.stdout);
await finished(told);
await pool.close();

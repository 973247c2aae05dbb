// The engine in Node, for the page's modules that ask a worker of theirs in a browser.

import { readFileSync } from "node:fs";
import * as engine from "../../pkg/wavefield.js";
import { intakeWorker } from "../../www/js/text/intake-client.js";

engine.initSync({ module: readFileSync(new URL("../../pkg/wavefield_bg.wasm", import.meta.url)) });
intakeWorker.answerHere({ ...engine, documents: () => import("../../www/js/text/documents/read.js") });

export { engine };

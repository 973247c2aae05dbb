// Drives the page from inside, as a person would, and tells the server what was seen: so the same steps run in a browser
// that is driven, and in one that nothing can drive. Plain DOM only.
//
// The address says which part: ?part=text (write), ?part=first (write, bend, train, pause), then ?part=second (the same page after a reload);
// ?part=card (train on the graphics card).

/** Milliseconds against hanging only: a little less than the server waits. */
const LIMIT_MS = 590_000;
const part = new URL(location.href).searchParams.get("part") ?? "";

/** @param {string} what @param {unknown} value @returns {Promise<unknown>} */
const tell = (what, value) => fetch("../smoke/report", { method: "POST", body: JSON.stringify({ part, what, value }) });

/**
 * Waits for what must come.
 * @template T @param {string} what @param {() => T | null | undefined | false} find @returns {Promise<T>}
 */
async function until(what, find) {
  for (const end = performance.now() + LIMIT_MS; performance.now() < end;) {
    const found = find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what} has not come; the page says: ${document.querySelector("#notices")?.textContent} ${document.querySelector("#train .train-note, #loading")?.textContent}`);
}

/** @param {string} selector @returns {HTMLElement | null} */
const one = (selector) => document.querySelector(selector);

/** Goes to where a part of the page is. @param {string} part */
function show(part) {
  const { place } = /** @type {HTMLElement | null} */ (one(part)?.closest("[data-place]"))?.dataset ?? {};
  one(`.places [data-to="${place}"]:not([aria-current])`)?.click();
}

/** @param {string} place @param {RegExp} name @returns {Promise<void>} presses a button */
async function press(place, name) {
  show(place);
  const button = await until(`the button ${name}`, () => [.../** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(`${place} button`))]
    .find((button) => !button.disabled && button.getClientRects().length > 0 && name.test(button.getAttribute("aria-label") ?? button.textContent?.trim() ?? "")));
  button.click();
}

const written = () => Number(one("#generate")?.dataset.written ?? 0);
const text = () => [...document.querySelectorAll(".token")].map((token) => token.textContent).join("");
/** Where the training shows itself to be. */
const step = () => Number([...document.querySelectorAll(".train-figures > div")].find((figure) => figure.querySelector("dt")?.textContent === "Step")
  ?.querySelector("dd")?.textContent?.match(/[\d,]+/)?.[0].replaceAll(",", "") ?? 0);
/** @param {string} state */
const reaches = (state) => until(`a training that is "${state}"`, () => {
  show("#train");
  return one(`.train-run[data-state="${state}"]`);
});

/** @param {string} path @returns {Promise<any>} a module of the page's own */
const module = (path) => import(new URL(path, document.baseURI).href);

/** FNV-1a, because crypto.subtle is not everywhere. @param {Blob | ArrayBuffer | Uint8Array} bytes */
async function hash(bytes) {
  const list = new Uint8Array(bytes instanceof Blob ? await bytes.arrayBuffer() : bytes);
  let value = 0x811c9dc5;
  for (const byte of list) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return `${list.length}:${value.toString(16)}`;
}

/** The trainings that the browser keeps, the newest first. */
async function kept() {
  const { storage } = await module("/sources/js/keep/storage.js");
  const cards = [...(await storage.getAll("runs/")).values()].reverse();
  return Promise.all(cards.map(async ({ id, name, state, step, last }) => ({
    id, name, state, step, hash: last && (await hash(await storage.get(`run-checkpoint/${id}/${last.step}`))),
    stored: storage.isStored(`runs/${id}`) && (!last || storage.isStored(`run-checkpoint/${id}/${last.step}`)),
  })));
}

/**
 * The trainings, so many, once the newest is kept as being in this state: a snapshot of the same step may be from before it,
 * and before the last measurement.
 * @param {number} count @param {"paused" | "done"} state
 */
async function keptAs(count, state) {
  await reaches(state);
  for (const end = performance.now() + LIMIT_MS; performance.now() < end;) {
    const all = await kept();
    if (all.length === count && all[0].state === state && all[0].step === step()) return all;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no training is kept as ${state}: ${JSON.stringify(await kept())}`);
}

/** Trains to the end without a pause, and says what came of it. */
async function trainToEnd() {
  const before = (await kept()).length;
  await press("#train", /^(Start training|Train another)$/);
  return (await keptAs(before + 1, "done"))[0];
}

async function firstText() {
  await until("the first text", () => written() === 1);
  return text();
}

async function first() {
  await tell("text", await firstText());
  // The waves bend: another text for the same seed, and the first one again without.
  await press("#waves", /^Mute head 1$/);
  await press("#generate", /^Write$/);
  await until("the bent text", () => written() === 2);
  await tell("bent", text());
  await press("#waves", /^(Mute|Unmute|Hear) head 1$/);
  await press("#generate", /^Write$/);
  await until("the first text again", () => written() === 3);
  await tell("unbent", text());
  await tell("storage", one("#storage-status")?.textContent);
  await press("#train", /^Start training$/);
  await until("the first steps", () => step() > 0);
  await press("#train", /^Pause$/);
  await tell("paused", await keptAs(1, "paused"));
}

async function second() {
  await reaches("interrupted");
  await tell("found", await kept());
  await press("#train", /^Go on/);
  await tell("resumed", (await keptAs(1, "done"))[0]);
  await tell("uninterrupted", await trainToEnd());
  await exportAndImport();
  show("#train");
  const canvas = await until("a curve", () => /** @type {HTMLCanvasElement | null} */ (document.querySelector("#train .uplot canvas")));
  const legend = one("#train .u-legend, #train .train-legend");
  await tell("curves", { drawn: canvas.width, language: navigator.language, legend: legend?.textContent });
}

/** Trains on the graphics card, where the browser offers one at all. */
async function card() {
  await until("the first text", () => written() === 1);
  const said = () => one(".train-device")?.textContent ?? "";
  const chosen = /** @type {HTMLInputElement} */ (await until("the choice of the device", () => one('.train-device input[type="radio"][value="gpu"]')));
  chosen.click();
  await until("the judgement of the card", () => /computes what the processor computes|Everything is computed on the processor|computes wrong numbers|failed its test/.test(said()));
  if (!said().includes("computes what the processor computes")) return tell("card", { said: said() });
  await press("#train", /^(Start training|Train another)$/);
  await until("a training on the graphics card", () => /Trains on the graphics card/.test(said()) && step() > 0);
  const device = said();
  await reaches("done");
  await tell("card", { said: device, step: step() });
}

/** The newest training as a file, and the file as a training. */
async function exportAndImport() {
  const { storage } = await module("/sources/js/keep/storage.js");
  const { RunLibrary } = await module("/sources/js/runs/library.js");
  const { writeRun } = await module("/sources/js/runs/file.js");
  const library = new RunLibrary(storage);
  const [card] = await library.cards();
  const file = new File([await writeRun(await library.whole(card))], "a.wavefield-run");
  const picker = /** @type {HTMLInputElement} */ (await until("the picker", () => one('.runs input[type="file"]')));
  const transfer = new DataTransfer();
  transfer.items.add(file);
  picker.files = transfer.files;
  picker.dispatchEvent(new Event("change", { bubbles: true }));
  let all = await kept();
  for (const end = performance.now() + LIMIT_MS; all.length < 3; all = await kept()) {
    const problem = one(".runs-problem")?.textContent;
    if (problem || performance.now() > end) throw new Error(problem || "the imported training has not come");
  }
  await tell("imported", all[0]);
}

addEventListener("error", ({ message }) => tell("error", message));
addEventListener("unhandledrejection", ({ reason }) => tell("error", String(reason?.stack ?? reason)));

try {
  if (part === "text") await tell("text", await firstText());
  else await (part === "first" ? first() : part === "second" ? second() : card());
  await tell("over", part);
} catch (error) {
  // Not every browser has the message in the stack.
  await tell("failed", `${error}\n${error instanceof Error ? error.stack : ""}`);
}

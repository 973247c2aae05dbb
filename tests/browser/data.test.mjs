// Texts to train on: the person's own from any file, a large one, and those that the page ships.

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, SIZES } from "./launch.mjs";
import { arrives, firstText, go, stopWriting } from "./parts.mjs";
import { reaches, start, train, SHORT } from "./train-parts.mjs";
import { eventually, kept, words } from "./wait.mjs";

const { onePage, openPage } = at("train");

/** @typedef {import("playwright-core").Page} Page */

/** Of the names as they are trained on: the file's, and the last line's end. */
const NAMES = 228_146;
/** Characters of a text that reach the page at once, at most. */
const PIECE = 256 * 1024;

/** @param {Page} page */
const panel = (page) => page.locator("#train");

/** @param {Page} page */
const chooseOwn = (page) => panel(page).getByRole("radio", { name: "Your own text" }).check();

/** Each test brings its own text, or chooses one. */
const shared = onePage();

/** @param {Page} page @param {string} name @param {Buffer} buffer */
const choose = (page, name, buffer) => page.locator("#train .train-own input[type=file]").setInputFiles({ name, mimeType: "text/plain", buffer });

/** Brings the form into view, as a person would: a text is read once it is looked at. @param {Page} page */
const look = (page) => page.locator("#train form").scrollIntoViewIfNeeded();

/** Waits until so many characters were understood. @param {Page} page @param {number} characters */
async function understood(page, characters) {
  await look(page);
  await page.locator("#train .train-facts > div", { hasText: "Characters" }).locator("dd", { hasText: new RegExp(`^${characters.toLocaleString("en-GB")}$`) }).waitFor();
}

/** What is told of the text, once it is as wanted. @param {Page} page @param {string | RegExp} name @param {string | RegExp} wanted */
const fact = (page, name, wanted) => words(page.locator("#train .train-facts > div", { has: page.locator("dt", { hasText: name }) }).locator("dd"), wanted);

/** @param {Page} page */
const area = (page) => page.locator("#train .train-own textarea");

test("a UTF-16 file is read, with a byte-order mark and without, and its line ends become plain", shared(async (page) => {
  await chooseOwn(page);
  const text = "Zwölf Boxkämpfer jagen Viktor.\r\n".repeat(30);
  await choose(page, "marked.txt", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]));
  await understood(page, 31 * 30);
  await eventually(() => area(page).inputValue(), text.replaceAll("\r\n", "\n"));
  await page.locator("#train .train-advice", { hasText: "line ends" }).waitFor();
  await choose(page, "unmarked.txt", Buffer.from(`${text}Ende.`, "utf16le").swap16());
  await understood(page, 31 * 30 + 5);
  await page.locator("#train .train-advice", { hasText: "UTF-16" }).waitFor();
}));

test("a file in Windows-1251 is asked about, and read as the person says", shared(async (page) => {
  await chooseOwn(page);
  const before = "What was here before stays until the question is answered.\n".repeat(2);
  await area(page).fill(before);
  await understood(page, before.length);
  // "Жил-был старик со старухой", 40 times.
  const line = [0xc6, 0xe8, 0xeb, 0x2d, 0xe1, 0xfb, 0xeb, 0x20, 0xf1, 0xf2, 0xe0, 0xf0, 0xe8, 0xea, 0x20, 0xf1, 0xee, 0x20, 0xf1, 0xf2, 0xe0, 0xf0, 0xf3, 0xf5, 0xee, 0xe9, 10];
  const bytes = Buffer.from(Array.from({ length: 40 }, () => line).flat());
  await choose(page, "сказка.txt", bytes);
  const question = page.getByRole("group", { name: 'How is "сказка.txt" to be read?' });
  await question.waitFor();
  assert.ok(await question.getByRole("radio", { name: "Cyrillic (Windows-1251)" }).isChecked(), "the likeliest is not chosen");
  await words(question, /Жил-был старик со старухой/);
  assert.ok((await question.getByRole("radio").count()) >= 5);
  await panel(page).getByRole("button", { name: "Start training" }).click();
  await words(page.locator("#train .train-waits"), /^It waits for your answer: Choose first how "сказка\.txt" is to be read\.\s*Show the question$/);
  assert.equal(await page.locator("#train .train-start-problem").innerText(), "");
  // It is in sight, wherever the start was pressed, and its answer has the focus.
  const inSight = (/** @type {import("playwright-core").Locator} */ element) => eventually(() => element.evaluate((legend) => {
    const { top } = legend.getBoundingClientRect();
    return top >= 0 && top < innerHeight - 60;
  }), true, "the question is out of sight");
  const answer = question.getByRole("radio", { name: "Cyrillic (Windows-1251)" });
  await inSight(question.locator("legend"));
  await eventually(() => answer.evaluate((radio) => radio === document.activeElement), true);
  await page.setViewportSize(SIZES.phone);
  await panel(page).getByRole("button", { name: "Show the question" }).click();
  await inSight(question.locator("legend"));
  await eventually(() => answer.evaluate((radio) => radio === document.activeElement), true);
  await page.setViewportSize(SIZES.desktop);

  await question.getByRole("button", { name: "Do not read it" }).click();
  await understood(page, before.length);
  await choose(page, "сказка.txt", bytes);
  await question.getByRole("radio", { name: "Cyrillic (Windows-1251)" }).check();
  await question.getByRole("button", { name: "Read it so" }).click();
  await understood(page, 27 * 40);
  await eventually(() => area(page).inputValue(), "Жил-был старик со старухой\n".repeat(40));
  await kept(page, "train-own-text", (own) => own?.name === "сказка.txt");
  await page.reload();
  await understood(page, 27 * 40);
}));

test("what is no text is refused with what it is and what to do", shared(async (page) => {
  await chooseOwn(page);
  for (const [name, bytes, words] of /** @type {const} */ ([
    ["a.pdf", Buffer.from("%PDF-1.7\n%abc"), "is a PDF"],
    ["a.docx", Buffer.from("PK\x03\x04\x14\0\x06\0", "latin1"), "a ZIP archive"],
    ["a.png", Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), "a picture"],
    ["a.bin", Buffer.from([1, 0, 0, 0, 7, 0, 0, 0, 1, 2, 3]), "plain text is needed"],
  ])) {
    await choose(page, name, bytes);
    await page.locator("#train .train-understood.train-problem", { hasText: words }).waitFor();
  }
  await panel(page).getByRole("radio", { name: "Names" }).check();
  await understood(page, NAMES);
}));

test("a file dropped on the texts is taken for one's own text", shared(async (page) => {
  await look(page);
  await panel(page).getByRole("radio", { name: "Names" }).check();
  await understood(page, NAMES);
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["The cat sat on the mat.\n".repeat(100)], "cat.txt"));
    document.querySelector("#train .train-field")?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  });
  await understood(page, 2400);
  assert.ok(await panel(page).getByRole("radio", { name: "Your own text" }).isChecked());
  await fact(page, /^Learns from \(90 %\)/, "2,160");
  await fact(page, /^Held back \(10 %\)/, "240");
}));

test("a text of 20 MB is read in small pieces, can be left while it is read, and is kept", async (t) => {
  // How long the page is held up by a piece depends on the machine; how large it is does not.
  const page = await openPage(t, {
    before: (opening) => opening.addInitScript(() => {
      const reading = { largest: 0, pieces: 0 };
      Object.assign(globalThis, { reading });
      const Before = globalThis.Worker;
      globalThis.Worker = class extends Before {
        /** @param {string | URL} url @param {WorkerOptions} [options] */
        constructor(url, options) {
          super(url, options);
          this.addEventListener("message", ({ data }) => {
            if (data?.type !== "piece") return;
            reading.pieces++;
            reading.largest = Math.max(reading.largest, data.piece.length);
          });
        }
      };
    }),
  });
  await firstText(page);
  await stopWriting(page);
  await chooseOwn(page);
  const drop = () => page.evaluate(async () => {
    const line = "The old king had three daughters, and a große Überraschung for each.\r\n";
    const chunk = new Blob([line.repeat(3000)]);
    const size = Math.ceil((20 * 2 ** 20) / chunk.size);
    const transfer = new DataTransfer();
    transfer.items.add(new File(Array.from({ length: size }, () => chunk), "kings.txt"));
    document.querySelector("#train .train-field")?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    return { characters: (line.length - 1) * 3000 * size };
  });
  // Left as soon as it is seen to be read, in the same moment.
  const leaving = page.evaluate(async () => {
    for (;;) {
      const reading = document.querySelector("#train .train-reading");
      if (reading?.checkVisibility()) break;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    const names = [...document.querySelectorAll("#train label")].find((label) => label.textContent?.trim().startsWith("Names"));
    /** @type {HTMLElement | null | undefined} */ (names?.querySelector("input") ?? names)?.click();
  });
  await drop();
  await leaving;
  await understood(page, NAMES);
  await chooseOwn(page);
  assert.equal(await area(page).inputValue(), "", "the reading that was left went on");

  const { characters } = await drop();
  await understood(page, characters);
  await words(page.locator("#train .train-lines"), /^The old king/);
  const reading = await page.evaluate(() => /** @type {any} */ (globalThis).reading);
  // Each comes in a message of its own, so that the page does what else there is to do between two.
  assert.ok(reading.pieces > 70 && reading.largest <= PIECE, `${reading.pieces} pieces of ${reading.largest} characters at most`);
  // Bytes are more than characters.
  await eventually(() => page.evaluate(async () => {
    const { storage } = await import(/** @type {string} */ (new URL("/sources/js/keep/storage.js", document.baseURI).href));
    return (await storage.get("train-own-text"))?.text?.size ?? 0;
  }), (size) => size > characters, "the text was not kept");
  await page.reload();
  await understood(page, characters);
});

test("where the disk is full, one's own text is used all the same and the page says what that means", async (t) => {
  const page = await openPage(t, {
    before: (opening) => opening.addInitScript(() => {
      IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
    }),
  });
  await panel(page).getByRole("radio", { name: "Your own text" }).check();
  await choose(page, "a.txt", Buffer.from("The cat sat on the mat.\n".repeat(100)));
  await understood(page, 2400);
  await page.locator("#train .train-advice", { hasText: "no room to keep this text" }).waitFor();
});

test("stories are shown with their licence, and train", shared(async (page) => {
  await panel(page).getByRole("radio", { name: "Stories" }).check();
  await understood(page, 941_894);
  await words(page.locator("#train .train-origin"), /TinyStories.*CDLA-Sharing-1\.0/);
  const notice = await page.locator("#train .train-origin a").getAttribute("href");
  assert.match(await page.evaluate(async (href) => (await fetch(href ?? "")).text(), notice), /CDLA-Sharing-1\.0/);
  await words(page.locator("#train .train-lines"), /^One day, a little girl named Lily/);
  await train(page, { ...SHORT, Steps: 20 });
  await page.locator("#train .train-run-title", { hasText: "Stories" }).waitFor();
}));

test("word pieces can be had for a shipped text, are counted before training, and train", shared(async (page) => {
  await panel(page).getByRole("radio", { name: "Names" }).check();
  await look(page);
  await panel(page).getByRole("radio", { name: "Word pieces" }).check();
  await panel(page).getByLabel(/^Tokens to know/).fill("300");
  await panel(page).getByLabel(/^Tokens to know/).press("Tab");
  await fact(page, "Vocabulary", "300");
  const tokens = Number((await fact(page, "Tokens", /^\d/)).replaceAll(",", ""));
  assert.ok(tokens > 50_000 && tokens < NAMES, `${tokens} tokens`);
  await train(page, { ...SHORT, Steps: 20 });
  await panel(page).getByRole("button", { name: "Write with it" }).click();
  await page.locator(".model-name", { hasText: "Names" }).waitFor();
  await arrives(page, "Write");
  await page.waitForFunction(() => document.querySelectorAll(".token").length > 5);
}));

test("a training that is started right after typing learns from what was typed", shared(async (page) => {
  await go(page, "Train");
  await chooseOwn(page);
  const text = "A gull cried twice; nobody heard it but the old man.\n".repeat(40);
  await panel(page).getByRole("radio", { name: "Characters" }).check();
  await area(page).fill(text);
  await start(page, { ...SHORT, Steps: 200_000 });
  await reaches(page, "running");
  assert.equal(await area(page).inputValue(), text);
  await fact(page, "Characters", text.length.toLocaleString("en-GB"));
  await panel(page).getByRole("button", { name: "Stop", exact: true }).click();
  await reaches(page, "stopped");
}));

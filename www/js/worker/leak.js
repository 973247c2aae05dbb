// The lesson's worker: an engine of its own, so that the page's text and a training go on. It takes one order, trains
// a sound model and one that was made to hear later tokens, step by step in turn, and is ended by the page.

import { wordsOf } from "./device.js";
import { loadEngine } from "./engine.js";

/**
 * @typedef {import("../lab/causality/lesson-run.js").LessonOrder} LessonOrder
 * @typedef {import("../lab/causality/lesson-run.js").LessonNews} LessonNews
 */

/** Steps between two measurements. */
const EVERY = 8;
/** Windows of 32 characters that one measurement reads. */
const WINDOWS = 24;
/** Characters of a text that is written. */
const SAMPLE = 160;
/** Seconds between two texts. */
const SAMPLE_SECONDS = 4;
/** With fewer steps there is little to be seen, however slow the device. */
const FEWEST_STEPS = 240;

/** @param {LessonNews} news */
const tell = (news) => self.postMessage(news);

self.onmessage = async ({ data }) => {
  try {
    await train(data);
    tell({ type: "done" });
  } catch (error) {
    console.error(error);
    const broken = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
    tell({ type: "failed", message: broken ? "The engine came upon a fault of its own, or there was not enough memory. Try again after a reload." : `${wordsOf(error)}.` });
  }
};

/** @param {LessonOrder} order */
async function train({ text, leak, steps: wanted, seconds, seed, mend = false }) {
  const engine = await loadEngine();
  const lesson = new engine.LeakLesson({ text, leak, steps: wanted, seed });
  let steps = wanted;
  tell({ type: "begins", steps, leaks: lesson.leaks() });
  const start = performance.now();
  let written = start;
  for (let step = 0; step < steps;) {
    const next = Math.min(EVERY, steps - step);
    const train = lesson.advance(next);
    step += next;
    if (step === 2 * EVERY && step < wanted) {
      // What a minute has room for; measurements and texts take a tenth of it.
      const pace = (performance.now() - start) / 1000 / step;
      steps = Math.min(wanted, Math.max(FEWEST_STEPS, EVERY * Math.round((0.9 * seconds) / pace / EVERY)));
      lesson.set_steps(steps);
    }
    tell({ type: "point", steps, point: { step, train, validation: lesson.evaluate(WINDOWS) } });
    if (step < steps && performance.now() - written < 1000 * SAMPLE_SECONDS) continue;
    tell({ type: "written", step, texts: lesson.samples(SAMPLE), leaks: lesson.leaks() });
    written = performance.now();
  }
  if (mend) tell({ type: "mended", mended: lesson.mended(WINDOWS, SAMPLE) });
}

// A picture of a training, to show to a friend: what it writes, its figures, its curve and its waves.

import { drawKernels, shareCard } from "../../charts/card.js";
import { duration, fileStem, loss, shortCount } from "../words.js";

/** So many waves have room beside the curve. */
const SHOWN = 2;
/** Pixels between the curve and the waves. */
const APART = 24;

/**
 * @param {import("../../page/app.js").App} app @param {import("../run.js").TrainRun} run
 * @param {import("../../charts/curve.js").CurveChart} chart  as it is drawn
 */
export async function shareTraining(app, { facts, plan, choices }, chart) {
  if (!plan || facts.samples.length === 0) return;
  chart.prepare();
  await new Promise((done) => requestAnimationFrame(done));
  const config = /** @type {import("../../engine/protocol.js").ModelConfig} */ ({ ...plan.model, vocab_size: facts.vocabulary });
  const heads = facts.layers[0] ?? [];
  const kernels = heads.slice(0, SHOWN).map((head, index) => ({ name: `Head ${index + 1} of layer 1`, head: { ...head, gain: 1 }, file: facts.initialLayers[0]?.[index] ?? null, heard: true, index }));
  const measured = facts.evaluations.at(-1);
  const sample = facts.samples[facts.samples.length - 1];
  const { canvas } = chart.picture ?? {};
  return shareCard(app, {
    name: `wave-field-${fileStem(plan.data_name)}`, link: app.address.write(),
    title: choices?.data === "own" ? "Trained on my own text, in my browser, it writes:" : `Trained on ${plan.data_name} in my browser, it writes:`,
    lines: [
      `${shortCount(facts.parameters)} parameters, ${facts.step.toLocaleString("en-GB")} steps in ${duration(facts.secondsTrained)}.${measured ? ` On held-back text, at step ${measured.step.toLocaleString("en-GB")}: loss ${loss(measured.loss)} nats a token, perplexity ${measured.perplexity.toFixed(2)}.` : ""}`,
    ],
    texts: [{ name: `At step ${sample.step.toLocaleString("en-GB")}`, text: choices?.data === "names" ? sample.text.trim().split("\n").join(", ") : sample.text }],
    draw: canvas || kernels.length > 0 ? (context, width, height) => {
      const room = canvas ? (kernels.length > 0 ? (width - APART) / 2 : width) : 0;
      if (canvas) {
        // As large as it fits, and not distorted.
        const scale = Math.min(room / canvas.width, height / canvas.height);
        context.drawImage(canvas, 0, 0, canvas.width * scale, canvas.height * scale);
      }
      if (kernels.length === 0) return;
      context.translate(canvas ? room + APART : 0, 0);
      drawKernels(context, canvas ? room : width, height, kernels, config, config.max_seq_len);
    } : undefined,
  });
}

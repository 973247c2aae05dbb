// How many numbers are kept of the text, beside what a Transformer would keep by now.

import { h, write } from "../../page/dom.js";
import { numbersKept } from "./state.js";
import { counted, keptInWords } from "./words.js";

export class KeptNumbers {
  #words = h("p");
  #bars = ["This model", "A Transformer"].map((name, i) => {
    const fill = h("span", { class: `memory-fill memory-fill-${i}` });
    const count = h("span", { class: "reading" });
    return { fill, count, row: h("div", { class: "memory-kept-row" }, h("span", null, name), h("span", { class: "memory-track" }, fill), count) };
  });
  element = h("div", { class: "memory-kept" }, h("h3", null, "All that is kept"), h("div", { "aria-hidden": "true" }, this.#bars.map(({ row }) => row)), this.#words);

  /** @param {import("./state.js").ModelConfig} config @param {number} tokens  read so far @param {number} most  of the text */
  show(config, tokens, most) {
    const kept = numbersKept(config);
    write(this.#words, keptInWords(kept, { layers: config.num_layers, channels: config.embedding_dim, tokens }));
    [kept.all, kept.perToken * tokens].forEach((numbers, i) => {
      const { fill, count } = this.#bars[i];
      fill.style.setProperty("--share", (numbers / Math.max(kept.all, kept.perToken * most)).toFixed(4));
      write(count, counted(numbers));
    });
  }
}

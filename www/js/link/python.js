// What stands under Write as a program in Python, for the package in python/. No DOM here.

/**
 * @typedef {import("../page/state.js").SamplingSettings} SamplingSettings
 */

/** A text as Python writes it: JSON's way is one of them. @param {string} text */
const quoted = (text) => JSON.stringify(text);

/**
 * A program that writes the same text for the same seed.
 * @param {{prompt: string, settings: SamplingSettings, file: string, bent: boolean}} page  `file`: what the model is called as a download
 * @returns {string}
 */
export function asPython({ prompt, settings, file, bent }) {
  const { temperature, greedy, top_k, top_p, repetition_penalty, seed, max_tokens, stop, at_limit } = settings;
  const waves = bent ? ", its waves as they are bent now" : "";
  return `# The text of the page, by the package in python/ (pip install ./python; docs/pytorch.md has more).
# The model is what "Download this model" gives, in 32-bit floats${waves}.
from wavefield import WaveField

model = WaveField.from_pretrained(${quoted(file)})
text = model.generate(
    ${quoted(prompt)},
    max_tokens=${max_tokens},
    temperature=${greedy ? 0 : temperature},
    top_k=${top_k},
    top_p=${top_p},
    repetition_penalty=${repetition_penalty},
    seed=${seed},
    stop=[${stop.map(quoted).join(", ")}],
    at_limit=${quoted(at_limit)},
)
# The same text as on the page. Where two tokens are all but equally likely, rounding may choose the other, and the texts part there.
print(text)
`;
}

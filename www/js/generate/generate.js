// Generate: a prompt, the text that the model writes after it, and how sure it was of every token.

import { segmented } from "../page/controls.js";
import { atMostEvery, h, uniqueId, VERBATIM, write, writeQuoting } from "../page/dom.js";
import { anythingBent } from "../model/bent.js";
import { EngineError } from "../engine/client.js";
import { observe } from "../engine/observations.js";
import { lengthInWords, missingInWords, readable } from "../text/prompts.js";
import { recorded } from "../page/recorded.js";
import { INITIAL, RECENT_TOKENS } from "../page/state.js";
import { makeSettings } from "./settings.js";
import { Inspector } from "./inspector.js";
import { TokenView } from "../page/token-view.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("../engine/protocol.js").GeneratedToken} GeneratedToken
 * @typedef {import("../engine/protocol.js").GenerateResult} GenerateResult
 * @typedef {{view: TokenView, original: boolean}} Run
 */

const RECORDED = "Recorded: how the model that comes with this page begins. It writes anew as soon as it is here.";
/** Milliseconds between two readings while text is written: faster could not be read. */
const LIVE_INTERVAL = 160;
const SPEED_INTERVAL = 250;
const LENGTH_INTERVAL = 400;
const NEXT_TOKENS = 5;

const PACES = [
  { value: 12, text: "Slow", title: "12 tokens a second" },
  { value: 40, text: "Reading", title: "40 tokens a second" },
  { value: 0, text: "Full", title: "As fast as the engine writes" },
];

/** @param {HTMLElement} root @param {App} app */
export function mountGenerate(root, app) {
  new GeneratePanel(root, app);
}

class GeneratePanel {
  #app;
  #root;
  #wishes = 0;
  /** Texts that came to their end or were stopped. */ #written = 0;
  /** @type {Map<string, Run>} */ #runs = new Map();
  #inspector = new Inspector(() => this.#app.state.get("model")?.tokens ?? []);
  #inspecting = false;
  #lastLive = 0;
  #nextBusy = false;
  #nextWanted = false;
  #comparing = false;
  /** Whether the engine writes under bent waves. */ #bent = false;
  #speeds = { tokens: 0, seconds: 0 };

  #view;
  #other;
  #views = h("div", { class: "displays" });
  /** What of the prompt this model cannot read. */ #missing = h("p", { class: "prompt-note prompt-missing", role: "alert", hidden: true, id: uniqueId("missing") });
  /** That the prompt is longer than the context. */ #length = h("p", { class: "prompt-note", role: "status", hidden: true, id: uniqueId("length") });
  #counting = 0;
  #prompt = h("textarea", { ...VERBATIM, class: "prompt", rows: "2", "aria-describedby": `${this.#missing.id} ${this.#length.id}`, spellcheck: "false", autocomplete: "off", id: uniqueId("prompt"), "aria-keyshortcuts": "Control+Enter", title: "Control and Enter write" });
  #start = h("button", { type: "button", class: "primary" }, "Write");
  #again = h("button", { type: "button" }, "New seed");
  #onward = h("button", { type: "button", title: "Write on from the end of the text below" }, "Continue");
  #compare = h("button", { type: "button", "aria-pressed": "false", title: "The same seed under the waves as in the file and as bent, side by side" }, "Before and after");
  #speed = h("span", { class: "reading" }, "–");
  #count = h("span", { class: "reading" }, "0");
  #state = h("span", { class: "reading" }, "–");
  #stateKind = h("span");
  #stateBytes = 0;
  #fault = h("p", { class: "inline-fault", role: "alert", hidden: true });

  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.#app = app;
    this.#root = root;
    const inspect = (/** @type {GeneratedToken | null} */ token, /** @type {boolean} */ speak) => this.#inspect(token, speak);
    this.#view = new TokenView("The text", inspect);
    this.#other = new TokenView("Text under the waves as in the file", inspect);
    this.#other.caption.textContent = "As in the file";
    this.#other.element.hidden = true;
    this.#build(root);
    const record = recorded();
    // Under another prompt it would be another text.
    if (record && app.state.get("prompt") === INITIAL.prompt) this.#view.showRecorded(INITIAL.prompt, record.text, RECORDED);
    this.#listen();
  }

  /** @param {HTMLElement} root */
  #build(root) {
    const settings = makeSettings(this.#app);
    const pace = segmented({
      label: "Pace", choices: PACES, value: this.#app.state.get("pace"),
      onInput: (value) => this.#app.state.set("pace", Number(value)),
    });
    this.#app.state.on("pace", (value) => pace.set(value));
    this.#views.append(this.#other.element, this.#view.element);
    root.append(
      h("header", { class: "panel-head" },
        h("h2", { id: "generate-title" }, "Write"),
        h("p", { class: "readings" },
          h("span", null, this.#speed, " tokens/s"), h("span", null, this.#count, " tokens"),
          h("span", { title: "What is kept of the text so far: by waves always as much, by a Transformer every token." },
            this.#state, this.#stateKind))),
      h("div", { class: "prompt-row" },
        h("label", { class: "field-label", for: this.#prompt.id }, "Prompt"), this.#prompt, this.#missing, this.#length),
      h("div", { class: "actions" }, this.#start, this.#again, this.#onward),
      h("div", { class: "actions" }, this.#compare, pace.element),
      this.#fault, this.#views,
      h("p", { class: "field-hint display-hint" }, "The stronger a token's shade, the less the model expected it."),
      this.#inspector.element, settings.always, settings.more);
    this.#prompt.value = this.#app.state.get("prompt");
    this.#prompt.addEventListener("input", () => this.#app.state.set("prompt", this.#prompt.value));
    this.#prompt.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#begin("prompt");
    });
    this.#start.addEventListener("click", () => (this.#runs.size ? this.#stop() : this.#begin("prompt")));
    this.#again.addEventListener("click", () => { settings.drawSeed(); this.#begin("prompt"); });
    this.#onward.addEventListener("click", () => this.#goOn());
    this.#compare.addEventListener("click", () => this.#setComparing(!this.#comparing));
  }

  #listen() {
    const { engine, state } = this.#app;
    engine.on("tokens", ({ run, tokens, engine_tokens, engine_seconds, state_bytes }) => {
      this.#stateBytes = state_bytes;
      this.#receive(run, tokens);
      this.#speeds.tokens += engine_tokens;
      this.#speeds.seconds += engine_seconds;
      this.#showSpeed();
    });
    state.on("prompt", (prompt) => {
      if (prompt !== this.#prompt.value) this.#prompt.value = prompt;
      this.#sayPrompt();
    });
    state.on("settings", () => this.#sayLength());
    state.on("pace", (pace) => {
      for (const run of this.#runs.keys()) engine.request("set_pace", { run, pace }).catch(() => {}); // A run that is over needs none.
    });
    state.on("applied", () => {
      this.#bent = anythingBent(state);
      this.#askNext();
    });
    state.on("model", () => this.#open());
    state.on("engine", () => this.#showButtons());
    this.#open();
  }

  /** A model that has just been opened writes at once. */
  #open() {
    this.#showButtons();
    if (!this.#app.state.get("model")) return;
    this.#bent = anythingBent(this.#app.state);
    this.#sayPrompt();
    this.#begin("prompt");
  }

  /** The prompt as the open model reads it. */
  get #readable() {
    const { state } = this.#app;
    const model = state.get("model");
    return model ? readable(state.get("prompt"), model) : { text: state.get("prompt"), missing: [] };
  }

  /** Says under the prompt what this model makes of it. */
  #sayPrompt() {
    const words = missingInWords(this.#readable, this.#app.state.get("model")?.name ?? "");
    writeQuoting(this.#missing, words);
    this.#missing.hidden = words === "";
    this.#sayLength();
  }

  #sayLength = atMostEvery(LENGTH_INTERVAL, async () => {
    const { engine, state } = this.#app;
    const model = state.get("model");
    const turn = ++this.#counting;
    const { text } = this.#readable;
    // A token has a byte at least.
    const short = !model || new TextEncoder().encode(text).length <= model.config.max_seq_len;
    const count = short ? 0 : model.vocabulary_kind === "character" ? [...text].length
      : await observe(engine, "encoding", { source: "bent", text }).then(({ ids }) => ids.length, () => 0);
    if (turn !== this.#counting) return;
    const words = model ? lengthInWords(count, model, state.get("settings").at_limit) : "";
    write(this.#length, words);
    this.#length.hidden = words === "";
  });

  /** Writes on from what stands there, and says so where the prompt is another one by now. */
  #goOn() {
    if (this.#readable.text !== this.#view.prompt) this.#app.say("otherText", () => this.#begin("prompt"));
    this.#begin("end");
  }

  /** @param {"prompt" | "end"} from */
  async #begin(from) {
    const wish = ++this.#wishes;
    await this.#stop();
    // A later wish has been heard meanwhile, and only the last one counts.
    if (wish !== this.#wishes) return;
    const { state } = this.#app;
    this.#fault.hidden = true;
    this.#speeds = { tokens: 0, seconds: 0 };
    this.#inspecting = false;
    const views = this.#comparing ? [this.#other, this.#view] : [this.#view];
    if (from === "prompt") {
      const { text } = this.#readable;
      for (const view of views) view.clear(text);
      state.set("begun", text);
      this.#setRecent();
    }
    state.set("generating", true);
    await Promise.all(views.map((view) => this.#run(view)));
    state.set("generating", this.#runs.size > 0);
    this.#root.dataset.written = String(++this.#written);
    this.#showButtons();
    if (this.#runs.size > 0) return;
    this.#app.announce(`The text has ended after ${this.#view.tokens.length} tokens.`);
    this.#askNext();
  }

  /** Writes on from what stands there: the same text as if it had never been stopped. @param {TokenView} view */
  async #run(view) {
    const { engine, state } = this.#app;
    const run = uniqueId("run");
    const original = view === this.#other;
    this.#runs.set(run, { view, original });
    this.#showButtons();
    view.element.classList.add("display-busy");
    try {
      const { greedy, ...settings } = state.get("settings");
      if (greedy) settings.temperature = 0;
      // A stop text can end a text within a word piece, of which the rest is not shown: that text is read anew.
      const { prompt, stopped: past_stop, text, tokens } = view;
      const asked = past_stop && state.get("model")?.vocabulary_kind !== "character" ? { prompt: text } : { prompt, past_stop, written: tokens.map(({ id }) => id) };
      const { reason } = await engine.request("generate", { run, ...asked, settings, original, pace: state.get("pace") });
      view.stopped = reason === "stop";
    } catch (error) {
      // The death of the engine has a message of its own, at the top of the page.
      if (!(error instanceof EngineError && error.died)) this.#showFault(error);
    } finally {
      this.#runs.delete(run);
      if (![...this.#runs.values()].some((other) => other.view === view)) view.element.classList.remove("display-busy");
    }
  }

  async #stop() {
    if (this.#runs.size === 0) return;
    // Late tokens of a run that was stopped must not land in the next text.
    this.#runs.clear();
    this.#showButtons();
    await this.#app.engine.request("stop_generation", { run: null }).catch(() => {}); // An engine that died writes no more.
  }

  /** @param {string} run @param {GeneratedToken[]} tokens */
  #receive(run, tokens) {
    const found = this.#runs.get(run);
    if (!found || tokens.length === 0) return;
    found.view.append(tokens, this.#bent && !found.original);
    if (this.#comparing) this.#showFork();
    if (found.view !== this.#view) return;
    if (!this.#inspecting) this.#setRecent();
    const now = performance.now();
    if (!this.#inspecting && now - this.#lastLive > LIVE_INTERVAL) {
      this.#lastLive = now;
      this.#inspector.showLive(tokens[tokens.length - 1]);
    }
  }

  /** What the waves weigh: the text up to its end, or up to the token that is pointed at. @param {GeneratedToken | null} [token] */
  #setRecent(token = null) {
    const { tokens } = this.#view;
    const end = (token ? tokens.lastIndexOf(token) : -1) + 1 || tokens.length;
    this.#app.state.set("recent", tokens.slice(Math.max(0, end - RECENT_TOKENS), end).reverse());
  }

  #showSpeed = atMostEvery(SPEED_INTERVAL, () => {
    const { tokens, seconds } = this.#speeds;
    this.#count.textContent = this.#view.tokens.length.toLocaleString("en");
    this.#speed.textContent = seconds > 0 ? Math.round(tokens / seconds).toLocaleString("en") : "–";
    const model = this.#app.state.get("model");
    const kilobytes = (/** @type {number} */ bytes) => (bytes / 1000).toLocaleString("en", { maximumFractionDigits: 1 });
    this.#state.textContent = kilobytes(this.#stateBytes);
    // A standard Transformer of the same width keeps two lists of numbers a token and layer.
    this.#stateKind.textContent = !model || model.state_bytes.per_token ? " kB kept, growing"
      : ` kB kept, always (Transformer: ${kilobytes(8 * model.config.num_layers * model.config.embedding_dim * this.#view.tokens.length)} kB)`;
  });

  #showFork() {
    const [a, b] = [this.#other.tokens, this.#view.tokens];
    const shared = Math.min(a.length, b.length);
    let fork = 0;
    while (fork < shared && a[fork].id === b[fork].id) fork++;
    const parted = fork < shared;
    this.#other.markFork(parted ? fork : -1);
    this.#view.markFork(parted ? fork : -1);
    this.#view.caption.textContent = parted ? `Bent: parts at token ${fork + 1}` : "Bent: the same so far";
  }

  /** @param {boolean} on */
  #setComparing(on) {
    this.#comparing = on;
    this.#compare.setAttribute("aria-pressed", String(on));
    this.#other.element.hidden = !on;
    this.#views.classList.toggle("displays-two", on);
    this.#view.caption.textContent = on ? "Bent" : "";
    if (this.#app.state.get("model")) this.#begin("prompt");
  }

  #showButtons() {
    const busy = this.#runs.size > 0;
    const ready = this.#app.state.get("engine") === "ready" && this.#app.state.get("model") !== null;
    this.#start.disabled = !ready;
    this.#start.textContent = busy ? "Stop" : "Write";
    this.#start.classList.toggle("stop", busy);
    this.#again.disabled = this.#compare.disabled = !ready;
    this.#onward.disabled = !ready || busy || this.#view.tokens.length === 0;
  }

  /** @param {unknown} error */
  #showFault(error) {
    this.#fault.textContent = error instanceof Error ? error.message : String(error);
    this.#fault.hidden = false;
  }

  /** @param {GeneratedToken | null} token @param {boolean} speak */
  #inspect(token, speak) {
    this.#inspecting = token !== null;
    this.#setRecent(token);
    if (token) this.#inspector.showToken(token, speak);
    else this.#askNext();
  }

  /** Shows what would come next; while it is being worked out, further wishes become one. */
  async #askNext() {
    const { engine, state } = this.#app;
    if (this.#runs.size > 0 || this.#inspecting || state.get("engine") !== "ready" || !state.get("model")) return;
    if (this.#nextBusy) {
      this.#nextWanted = true;
      return;
    }
    this.#nextBusy = true;
    const prompt = this.#view.text || this.#readable.text;
    try {
      const [now, before] = await Promise.all([
        engine.request("next_tokens", { prompt, count: NEXT_TOKENS, original: false }),
        this.#bent ? engine.request("next_tokens", { prompt, count: state.get("model")?.tokens.length ?? 0, original: true }) : null,
      ]);
      if (this.#runs.size === 0 && !this.#inspecting) this.#inspector.showNext(now, before);
    } catch (error) {
      // An engine that died says so itself.
      this.#inspector.empty(engine.alive && error instanceof Error ? error.message : undefined);
    } finally {
      this.#nextBusy = false;
      if (this.#nextWanted) {
        this.#nextWanted = false;
        this.#askNext();
      }
    }
  }
}

// What is said of an address and of a link, in notices: loaded when there is something to say, for most visits need none of it.

import { download } from "../files/out.js";
import { fileName } from "../model/file-name.js";
import { SHIPPED } from "../model/models.js";
import { PLACES } from "../page/places.js";
import { namesOf } from "./link.js";

/**
 * @typedef {import("../page/app.js").App} App
 * @typedef {import("./link.js").SharedPage} SharedPage
 */

const LONGEST_SHOWN = 60;
/** @param {string} text */
const short = (text) => (text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);

/** The address asks for a place that there is not. @param {App} app @param {string} asked */
export function nowhere({ notify }, asked) {
  notify({ kind: "info", key: "nowhere", title: `The address asks for "#${short(asked)}", and there is no such place.`, message: `The places are ${Object.values(PLACES).join(", ")}.` });
}

/** The page stopped when it was opened by this link. @param {App} app @param {string} hash */
export function leftBe({ notify }, hash) {
  notify({
    kind: "error", key: "link", lasting: true, title: "This link was not opened by itself.",
    message: "The page stopped when it was opened by this link the last time. The page is as you left it instead.",
    actions: [
      { label: "Open the link all the same", run: () => {
        location.hash = hash;
        location.reload();
      } },
      { label: "Download it", run: () => download(new URL(hash, location.href).href, "wave-field-link.txt") },
      { label: "Forget it", run: () => {} },
    ],
  });
}

/** A prompt of one's own that gave way to the link's can be had back. @param {App} app @param {string} own @param {string} brought */
export function otherPrompt({ state, notify, dismiss }, own, brought) {
  if (state.get("prompt") !== brought) return;
  notify({ kind: "info", key: "link-prompt", title: "The prompt is the link’s.",
    message: `The one that was here is kept: “${short(own)}”.`,
    action: { label: "Put mine back", run: () => state.set("prompt", own) } });
  // Once the person writes a prompt of their own again, there is nothing to go back to.
  const stop = state.on("prompt", (prompt) => {
    if (prompt === brought) return;
    stop();
    if (prompt === own) dismiss("link-prompt");
  });
}

/** What of the page was too long for the link. @param {App} app @param {readonly string[]} missing  by its keys */
export function without({ notify }, missing) {
  notify({ kind: "info", key: "link-without", title: "Not all of that page is in this link.",
    message: `Too long for a link: ${namesOf(missing).join(", ")}. Here that is as it was. Ask whoever sent the link for it.` });
}

/** A link to a text that only its owner has. @param {App} app */
export function othersText({ notify }) {
  notify({ kind: "info", key: "link", title: "This link was made with a text of its owner's.",
    message: "The text itself is in no link. Everything else under Train is as it was there: bring a text of your own." });
}

/** A link to other heads than this model has. @param {App} app @param {string} name  of the model @param {number} heads  that are missing @param {number} rows  of couplings */
export function missing({ notify }, name, heads, rows) {
  if (heads > 0) {
    notify({ kind: "error", key: "heads", title: "Some heads of this link were left out.",
      message: `${name} has no head with the numbers of ${heads === 1 ? "one of them" : `${heads} of them`}: the link was made with another model of this name.` });
  }
  if (rows > 0) {
    notify({ kind: "error", key: "couplings", title: "Some couplings of this link were left out.",
      message: `${name} has no head for ${rows === 1 ? "one of them" : `${rows} of them`}, or another number of heads in a layer: the link was made with another model of this name.` });
  }
}

/** A link to another model than the open one. @param {App} app @param {string} open  its name @param {Pick<SharedPage, "model" | "address" | "heads" | "rows">} asked */
export function otherModel({ models, notify, openAddress }, open, { model, address, heads, rows }) {
  const orSay = (/** @type {Promise<unknown>} */ opening) => { opening.catch((error) => notify({ kind: "error", key: "open", title: "The model could not be opened.", message: error.message })); };
  const later = heads.length + rows.length > 0 ? " Its heads are bent then as the link says." : "";
  if (address) {
    notify({ kind: "info", key: "link-model", title: `This link asks for a model from an address: ${address}`, message: `Nothing was fetched from there.${later}`,
      action: { label: "Look at it", run: () => orSay(openAddress(address)) } });
  } else if (fileName(model) === fileName(SHIPPED.name)) {
    notify({ kind: "info", key: "link-model", title: `This link was made with ${SHIPPED.name}, and ${open} is open.`,
      message: `Open ${SHIPPED.name} to see what the link shows.${later} ${open} stays in this browser, under Mine.`,
      action: { label: `Open ${SHIPPED.name}`, run: () => orSay(models.openShipped()) } });
  } else {
    notify({ kind: "info", key: "link-model", title: `This link was made with the model "${model}", which is not open.`,
      message: `If you have it, it is in the menu of models; otherwise open its file (${fileName(model)}), or drop it on the page.${later} Whoever sent the link can download that file.` });
  }
}

/** The address was changed while a training goes on. @param {App} app @param {string} hash */
export function otherLink({ notify }, hash) {
  notify({ kind: "info", key: "link", title: "The address was changed to another link.",
    message: "A training is running here. The link opens when the page is reloaded; the training is kept up to a moment before.",
    action: { label: "Open the link", run: () => {
      history.replaceState(null, "", hash);
      location.reload();
    } } });
}

/** A text is gone on with whose prompt is no longer the one that stands there. @param {App} app @param {() => unknown} begin  writes from the new one */
export function otherText({ notify }, begin) {
  notify({ kind: "info", key: "continue", title: "Continue goes on from the text below.", message: "That began with another prompt than the one that stands there now.",
    action: { label: "Write from the new prompt", run: begin } });
}

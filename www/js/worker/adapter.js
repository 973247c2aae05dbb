// Opens the graphics adapter, or says why there is none: each reason apart, with what helps, and no wait without an end.

import { TooLong, bounded } from "../page/bounded.js";

/** @typedef {import("../../pkg/wavefield.js").OpenedGpu} OpenedGpu */
/** @typedef {{secure: boolean, here: GPU | undefined, page: boolean}} Offer  `here`: what this worker has; `page`: whether the page has it */

/** Milliseconds that the browser may take to find an adapter, and to open it. */
export const PATIENCE_MS = { find: 60_000, open: 60_000 };

const ON_PROCESSOR = "Everything is computed on the processor.";

/** @returns {Offer} What this worker is offered; whether the page has more, only the page knows. */
export const offerHere = () => ({ secure: self.isSecureContext, here: /** @type {{gpu?: GPU}} */ (navigator).gpu ?? undefined, page: false });

/** Why there is nothing to ask at all; null where there is. @param {Offer} offer */
export function whyNoAccess({ secure, here, page }) {
  if (here) return null;
  if (!secure) {
    return `This page came over http, and a browser gives a page access to the graphics card only over https or from this very device (localhost). Open it over https. ${ON_PROCESSOR}`;
  }
  if (page) {
    return `This browser gives the page access to the graphics card (WebGPU), but not its workers, in which everything is computed here. A newer version of it may. ${ON_PROCESSOR}`;
  }
  return `This browser offers no access to a graphics card (WebGPU). A newer version or another browser may, and in some it is switched on in the settings. ${ON_PROCESSOR}`;
}

/**
 * Finds an adapter and opens it.
 * @param {Offer} offer @param {() => Promise<OpenedGpu>} open @param {(gpu: OpenedGpu) => void} onLate is given one that opens too late
 * @param {typeof PATIENCE_MS} [patience]
 * @returns {Promise<OpenedGpu>}
 * @throws {Error} with a sentence for the person
 */
export async function openAdapter(offer, open, onLate, patience = PATIENCE_MS) {
  const none = whyNoAccess(offer);
  if (none) throw new Error(none);
  let adapter;
  try {
    adapter = await bounded(/** @type {GPU} */ (offer.here).requestAdapter({ powerPreference: "high-performance" }), patience.find);
  } catch (error) {
    throw new Error(error instanceof TooLong
      ? `The browser was asked for a graphics card and has not answered in ${patience.find / 1000} seconds. Start the browser anew. ${ON_PROCESSOR}`
      : `The browser failed to look for a graphics card (${wordsOf(error)}). ${ON_PROCESSOR}`);
  }
  if (!adapter) {
    throw new Error(`The browser offers no graphics card to compute on here: this device has none, its driver is too old or on the browser's list of bad ones, or hardware acceleration is switched off in the browser's settings. ${ON_PROCESSOR}`);
  }
  try {
    return await bounded(open(), patience.open, onLate);
  } catch (error) {
    throw new Error(error instanceof TooLong
      ? `A graphics card was found, but it has not been opened in ${patience.open / 1000} seconds: its driver does not answer. Start the browser anew, and the device if that does not help. ${ON_PROCESSOR}`
      : `A graphics card was found, but could not be opened (${wordsOf(error)}). Its driver may need an update. ${ON_PROCESSOR}`);
  }
}

/** An error's words, to go into a sentence. @param {unknown} error */
export const wordsOf = (error) => (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");

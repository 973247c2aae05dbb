// A model from an address: what of it is known before it is fetched, and how it comes. Nothing is asked of a host before the
// person has pressed something, but of the page's own host how large a file is. No DOM of its own.

import { headerOf, PREFIX } from "../files/safetensors.js";
import { LARGEST_JSON, LARGEST_MODEL, recognised } from "../files/reading.js";
import { arriving } from "../page/arriving.js";

/**
 * @typedef {{ bytes: number | null, type: string }} Remote  bytes: null where the host does not say
 * @typedef {{ tensors: ArrayBuffer[], config: string | null, tokenizer: string | null }} ModelFiles
 */

/** Names of files and folders that say nothing of a model. */
const NOTHING_SAID = /^(?:model|main|master|resolve|blob|raw|checkpoint|weights|pytorch_model|last|best)$/i;
const LONGEST_NAME = 60;

/** @param {string} text @returns {URL | null} null where it is no address of the web */
export function addressIn(text) {
  const whole = text.trim();
  // A word alone would be a file beside the page, which nobody means.
  if (!/^(?:https?:\/\/|\.{0,2}\/)./i.test(whole) || !URL.canParse(whole, location.href)) return null;
  const url = new URL(whole, location.href);
  url.hash = "";
  return /^https?:$/.test(url.protocol) ? url : null;
}

/** What a model from there is called: after its file, or the folder where that says more. @param {URL} url */
export function nameFrom(url) {
  const parts = url.pathname.split("/").filter(Boolean).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  if (parts.length > 0) parts.push(/** @type {string} */ (parts.pop()).replace(/\.safetensors$/i, ""));
  const name = parts.reverse().find((part) => !NOTHING_SAID.test(part)) ?? url.hostname;
  return name.slice(0, LONGEST_NAME);
}

/** The hosts that the page's policy lets it ask, besides its own. @param {string} policy  of the page */
export const permittedIn = (policy) => (/(?:^|;)\s*connect-src ([^;]*)/.exec(policy)?.[1] ?? "").split(/\s+/).filter((source) => /^https?:/.test(source));

/** Whether the page may ask a host for a file. @param {URL} url */
export function mayAsk({ origin }) {
  if (origin === location.origin) return true;
  const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]');
  return policy instanceof HTMLMetaElement && permittedIn(policy.content).includes(origin);
}

/** Nothing of the person goes along: no cookie, and not where the page is. @param {URL} url @param {RequestInit} init */
async function ask(url, init) {
  try {
    return await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Error(unreachable(url));
  }
}

/** @param {URL} url */
function unreachable(url) {
  if (!navigator.onLine) return "There is no connection. Try again when there is one.";
  if (url.origin === location.origin) return "The page's own host does not answer. Try again when there is a connection to it.";
  if (url.protocol === "http:" && location.protocol === "https:") return `Browsers do not let a page that came over https read a file over http. Try the address with https, or download the file and open it here.`;
  // The browser does not tell a page which of these it was.
  return `${url.host} cannot be reached, or it does not let other pages read its files (CORS). Download the file from there and open it here.`;
}

/** @param {Response} response @param {string} what  the file's name */
function refusal({ status }, what) {
  if (status === 404 || status === 410) return `There is no ${what} at this address (the host answers ${status}). See whether the address is whole.`;
  if (status === 401 || status === 403) return `The host does not give ${what} to everyone (it answers ${status}). Download it as somebody whom it knows, and open the file here.`;
  return `The host answers ${status} in place of ${what}. Try again later.`;
}

/** @param {number} bytes */
const inMegabytes = (bytes) => `${Math.round(bytes / 2 ** 20).toLocaleString("en-GB")} MB`;

/** @param {number | null} bytes */
function checkSize(bytes) {
  if (bytes !== null && bytes > LARGEST_MODEL) throw new Error(`It is ${inMegabytes(bytes)}; this page opens models of up to ${LARGEST_MODEL / 2 ** 20} MB.`);
}

/** @param {Response} response */
const sizeOf = (response) => {
  const length = Number(response.headers.get("content-length"));
  // A host that compresses tells of the compressed file.
  return length > 0 && !response.headers.get("content-encoding") ? length : null;
};

/**
 * Asks the host how large the file is, and for nothing else.
 * @param {URL} url @param {AbortSignal} signal @returns {Promise<Remote>} @throws {Error} with a sentence for the person
 */
export async function lookAt(url, signal) {
  const response = await ask(url, { method: "HEAD", signal });
  const type = response.headers.get("content-type") ?? "";
  // Some hosts answer no such question, and give the file all the same.
  if (response.status === 405 || response.status === 501) return { bytes: null, type };
  if (!response.ok) throw new Error(refusal(response, "model"));
  const bytes = sizeOf(response);
  checkSize(bytes);
  return { bytes, type };
}

/**
 * Fetches a model, and what belongs to it where its own file lacks that.
 * @param {URL} url @param {AbortSignal} signal @param {(bytes: number, total: number | null) => void} tell
 * @returns {Promise<ModelFiles>} @throws {Error} with a sentence for the person
 */
export async function fetchModel(url, signal, tell) {
  const response = await ask(url, { signal });
  if (!response.ok) throw new Error(refusal(response, "model"));
  const total = sizeOf(response);
  checkSize(total);
  let bytes;
  try {
    bytes = await arriving(response, (come) => {
      checkSize(come);
      tell(come, total);
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Error("The connection broke before all of the file had come. Open it again when there is one.");
  }
  const file = new File([bytes], nameFrom(url));
  const [{ found }] = await recognised([file]);
  if (found.kind !== "model") throw new Error(`What is at this address is ${found.what}, and no model${found.advice ? `: ${found.advice}` : ""}. A model is one .safetensors file.`);
  const { config, tokenizer } = lacking(bytes);
  return {
    tensors: [bytes],
    config: config ? await beside(url, "config.json", signal) : null,
    tokenizer: tokenizer ? await beside(url, "tokenizer.json", signal) : null,
  };
}

/** Whether a model's file is without its shape, and without its vocabulary. @param {ArrayBuffer} bytes */
function lacking(bytes) {
  const file = new Uint8Array(bytes);
  try {
    if (file.length < PREFIX) return { config: false, tokenizer: false };
    const { metadata } = headerOf(file);
    return { config: !metadata.config, tokenizer: !metadata.tokenizer };
  } catch {
    return { config: false, tokenizer: false }; // The engine says what is wrong with it.
  }
}

/** A small file that lies beside the model; null where there is none: the engine says then what is missing. @param {URL} url @param {string} name @param {AbortSignal} signal */
async function beside(url, name, signal) {
  const place = new URL(url);
  place.pathname = place.pathname.replace(/[^/]*$/, name);
  const response = await ask(place, { signal });
  if (!response.ok) return null;
  const bytes = await arriving(response, (come) => {
    if (come > LARGEST_JSON) throw new Error(`${name} beside the model is larger than ${inMegabytes(LARGEST_JSON)}, which no such file is.`);
  });
  const text = new TextDecoder().decode(bytes);
  // Some hosts answer with a page of theirs where there is no file.
  return /^\s*</.test(text) ? null : text;
}

// The places of the page. One is seen at a time, at every width, and each has an address: `#train`, `#lab/energy`; what is
// set stands behind it (link/address.js).

/** @typedef {"write" | "story" | "train" | "race" | "lab" | "long" | "mine"} Place */

/** By their names in an address, with those that a person reads. @type {Readonly<Record<Place, string>>} */
export const PLACES = { write: "Write", story: "Stories", train: "Train", race: "Race", lab: "Lab", long: "Long", mine: "Mine" };

/** The places with views, and what in the state names the one that is shown. @type {Partial<Record<Place, "labView" | "story">>} */
export const VIEWS = { lab: "labView", story: "story" };

/**
 * What stands at the beginning of an address' fragment: a place, and which view of it. Older links have `lab-energy`.
 * @param {string} hash  with or without its "#"
 * @returns {{ place: Place | null, view: string, settings: string }}  `settings` is the rest
 */
export function placeIn(hash) {
  const fragment = hash.replace(/^#/, "");
  const [first, ...rest] = fragment.split("&");
  const [, name = "", view = ""] = /^([a-z]+)(?:[/-]([a-z-]+))?$/.exec(first) ?? [];
  if (!Object.hasOwn(PLACES, name) || (view !== "" && !(name in VIEWS))) return { place: null, view: "", settings: fragment };
  return { place: /** @type {Place} */ (name), view, settings: rest.join("&") };
}

/** The beginning of an address for a place; nothing where text is written. @param {Place} place @param {string} [view] */
export const addressOf = (place, view = "") => (place === "write" ? "" : view && place in VIEWS ? `${place}/${view}` : place);

/**
 * Shows the place that the state names, and marks its link.
 * @param {import("./state.js").State} state @param {(place: Place, view?: string) => void} go
 */
export function mountPlaces(state, go) {
  const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-to]")]);
  const parts = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-place]")]);
  const main = /** @type {HTMLElement} */ (document.querySelector("main"));
  const title = document.title;
  /** How far down each was left. @type {Map<Place, number>} */
  const left = new Map();
  let shown = state.get("place");
  // A place is where it was left, which the browser's own scrolling to an anchor would undo.
  history.scrollRestoration = "manual";
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest("[data-to]")) : null;
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(/** @type {Place} */ (link.dataset.to), link.dataset.view);
  });
  const show = () => {
    const place = state.get("place");
    if (place !== shown) left.set(shown, scrollY);
    for (const part of parts) part.classList.toggle("behind", part.dataset.place !== place);
    for (const link of links) {
      if (link.dataset.to === place && link.closest("nav")) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = place === "write" ? title : `${PLACES[place]} · ${title}`;
    if (place === shown) return;
    shown = place;
    scrollTo({ top: left.get(place) ?? 0, behavior: "instant" });
    // What had the focus is out of sight now.
    if (!document.activeElement || document.activeElement === document.body || document.activeElement.closest(".behind")) main.focus({ preventScroll: true });
  };
  state.on("place", show);
  show();
}

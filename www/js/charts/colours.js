// The page's colours for canvases, which cannot use custom properties themselves.

/** @type {Map<string, string>} */ const known = new Map();
/** @type {Set<() => void>} */ const listeners = new Set();
/** @type {HTMLElement | null} */ let probe = null;

/**
 * A custom property's colour in the theme that is shown now.
 * @param {string} name Such as "--ink".
 */
export function colour(name) {
  let value = known.get(name);
  if (!value) {
    if (!probe) {
      probe = document.createElement("span");
      probe.hidden = true;
      probe.className = "colour-probe";
      document.body.append(probe);
    }
    probe.style.color = `var(${name})`;
    value = getComputedStyle(probe).color;
    known.set(name, value);
  }
  return value;
}

export const HEAD_COLOURS = 8;
/** The custom property that holds a head's colour. @param {number} head */
export const headColour = (head) => `--head-${head % HEAD_COLOURS}`;

/** Gives an element a head's colour, as --head (page/tokens.css). @param {HTMLElement} element @param {number} head */
export const colourAs = (element, head) => { element.dataset.head = String(head % HEAD_COLOURS); };

/**
 * Calls back when the theme has changed. With an element, only while that is laid out: what was taken out of the page is not
 * kept for the sake of its colours, and what comes back into it is told.
 * @param {() => void} listener @param {Element} [element]
 */
export function onThemeChange(listener, element) {
  if (!element) return listeners.add(listener);
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width === 0) listeners.delete(listener);
    else if (!listeners.has(listener)) {
      listeners.add(listener);
      listener();
    }
  }).observe(element);
}

function changed() {
  known.clear();
  for (const listener of listeners) listener();
}

for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(query).addEventListener("change", changed);
new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });

// Where the focus goes when what has it is taken away or switched off: to what took its place, or back to what it came
// from; never to nowhere, from where a keyboard begins at the top of the page again.

/** What can be pressed or set. Fields for text are left out: on a phone they would bring up its keyboard. */
const CONTROLS = 'button, a[href], summary, select, input:is([type="radio"], [type="checkbox"], [type="range"]), [tabindex="0"]';
/** What opens over the page: who leaves it goes back to where they were. */
const OVER = ".notices, .tour, .share-link";
/** So many of the elements around a control are looked through. */
const AROUND = 6;

/** Whether it can have the focus now. @param {Element | null | undefined} element @returns {element is HTMLElement} */
export const canHold = (element) => element instanceof HTMLElement && element.isConnected && element.checkVisibility() && !element.matches(":disabled");

/** Gives the focus to the first that can have it, or else to the place that is shown. @param {...(Element | null | undefined)} wanted */
export function focusFirst(...wanted) {
  const next = wanted.find(canHold) ?? document.querySelector("main");
  /** @type {HTMLElement | null} */ (next)?.focus({ preventScroll: true });
}

/**
 * For controls that are switched off while something is asked for, and of which others come then: the focus waits at the
 * place meanwhile, and goes on to the first that can have it.
 * @param {HTMLElement} group
 * @param {() => readonly Element[]} others  in the order in which they are wanted
 * @param {HTMLElement} place  that can have it without being a control, as with a tabindex of -1
 * @returns {(change: () => void) => void} does what changes the controls
 */
export function focusKeeper(group, others, place) {
  /** The one that had it. @type {Element | null} */ let lost = null;
  return (change) => {
    const had = document.activeElement;
    change();
    if (had && had !== place && group.contains(had) && !canHold(had)) lost = had;
    if (!lost) return;
    const now = document.activeElement;
    const next = [lost, ...others()].find(canHold);
    // Whoever went elsewhere meanwhile stays there.
    if (now === place || now === document.body || !canHold(now)) {
      if ((next ?? place) !== now) focusFirst(next ?? place);
      if (!next) return;
    }
    lost = null;
  };
}

/** @param {Element} element */
const controlsIn = (element) => [...element.querySelectorAll(CONTROLS)].filter(canHold);

/** The elements around one within its place, the nearest first. @param {Element} element */
function around(element) {
  /** @type {Element[]} */ const found = [];
  for (let at = element.parentElement; at && found.length < AROUND && !at.matches("[data-place], body, main"); at = at.parentElement) found.push(at);
  return found;
}

/** Looks after every control of the page that has no keeper of its own. */
export function guardFocus() {
  /** Who has the focus, and what could have had it in its stead, by what is around it. @type {{ element: Element, others: Map<Element, { known: Set<Element>, index: number }> } | null} */
  let held = null;
  /** Where the focus was before it went to what lies over the page. @type {Element | null} */ let before = null;
  document.addEventListener("focusin", ({ target, relatedTarget }) => {
    if (!(target instanceof Element) || target.matches("body, main")) return;
    const from = relatedTarget instanceof Element ? relatedTarget : held?.element ?? null;
    if (target.closest(OVER) && !from?.closest(OVER)) before = from;
    held = { element: target, others: new Map(around(target).map((group) => {
      const controls = controlsIn(group);
      return [group, { known: new Set(controls), index: controls.indexOf(/** @type {HTMLElement} */ (target)) }];
    })) };
  });
  const look = () => requestAnimationFrame(() => requestAnimationFrame(() => {
    const now = document.activeElement;
    if (!held || canHold(held.element) || (now !== document.body && now !== null && now !== held.element)) return;
    const { element, others } = held;
    held = null;
    const over = [...others.keys()].some((group) => group.matches(OVER));
    focusFirst(...(over ? [before] : [nextTo(element, others)]));
  }));
  for (const event of ["focusout", "click", "keyup"]) document.addEventListener(event, look, true);
}

/**
 * What took the place of a control: what is new beside it, or else what comes after it, or before it.
 * @param {Element} lost @param {Map<Element, { known: Set<Element>, index: number }>} others
 */
function nextTo(lost, others) {
  for (const [group, { known, index }] of others) {
    if (!canHold(group)) continue;
    const controls = controlsIn(group);
    const fresh = controls.find((control) => !known.has(control));
    const after = lost.isConnected ? controls.find((control) => lost.compareDocumentPosition(control) & Node.DOCUMENT_POSITION_FOLLOWING) : controls[index];
    const next = fresh ?? after ?? controls.at(-1);
    if (next) return next;
  }
  return null;
}

// Where there is room for one part only, tabs choose it; where there is room, all parts are shown.

/**
 * @param {HTMLElement} list
 * @param {import("./state.js").State} state
 * @returns {(tab: string) => void} Brings a part into view.
 */
export function mountTabs(list, state) {
  const tabs = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=tab]")]);
  const nameOf = (/** @type {HTMLElement} */ tab) => /** @type {string} */ (tab.getAttribute("aria-controls"));
  const narrow = matchMedia("(max-width: 899px)");

  const show = () => {
    for (const tab of tabs) {
      const chosen = nameOf(tab) === state.get("tab");
      const panel = document.getElementById(nameOf(tab));
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (!panel) continue;
      panel.classList.toggle("panel-behind", !chosen);
      if (narrow.matches) panel.setAttribute("role", "tabpanel");
      else panel.removeAttribute("role");
    }
  };
  list.addEventListener("click", (event) => {
    const tab = event.target instanceof Element ? event.target.closest("[role=tab]") : null;
    if (tab) state.set("tab", nameOf(/** @type {HTMLElement} */ (tab)));
  });
  list.addEventListener("keydown", (event) => {
    const at = tabs.findIndex((tab) => nameOf(tab) === state.get("tab"));
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    state.set("tab", nameOf(next));
    next.focus();
  });
  state.on("tab", show);
  narrow.addEventListener("change", show);
  show();
  return (tab) => {
    state.set("tab", tab);
    if (narrow.matches) return;
    // The text panel sticks, so it counts as in view even where the training panel covers it.
    const panel = document.getElementById(tab);
    const target = panel?.closest(".desk") ?? panel;
    const top = target?.getBoundingClientRect().top ?? 0;
    // What begins in the upper half is in view; scrolling would only unsettle the page.
    if (top < 0 || top > innerHeight / 2) target?.scrollIntoView({ block: "start", behavior: "smooth" });
  };
}

// Keeps the page in the browser, so that it opens without a connection, and says when a newer one is there.

/**
 * Resolves once all is kept; `navigator.serviceWorker.ready` would wait for ever where that fails.
 * @param {ServiceWorkerRegistration} registration
 */
const begun = (registration) => new Promise((/** @type {(value?: unknown) => void} */ resolve, reject) => {
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  const look = () => {
    if (registration.active) resolve();
    else if (!worker || worker.state === "redundant") reject(new Error("one of them did not come, or there is no room; the next visit tries again"));
  };
  worker?.addEventListener("statechange", look);
  look();
});

/** @param {Pick<import("../page/app.js").App, "notify">} app @param {HTMLElement} status  where it is said that the page is kept */
export async function keepPage({ notify }, status) {
  // Not over http from another device, and not in every private window.
  if (!navigator.serviceWorker) return;
  let registration;
  try {
    registration = await navigator.serviceWorker.register(new URL("./service-worker.js", document.baseURI));
    // Where such workers are blocked, some browsers answer with nothing.
    if (!registration) throw new Error("this browser does not let a page keep its files");
    await begun(registration);
  } catch (error) {
    status.textContent = `It needs a connection to be opened: its files could not be kept (${error instanceof Error ? error.message : error}).`;
    return;
  }
  status.textContent = "It opens without a connection, too.";
  registration.onupdatefound = () => {
    const next = registration.installing;
    next?.addEventListener("statechange", () => {
      // The first one of all is no update.
      if (next.state !== "installed" || !navigator.serviceWorker.controller) return;
      notify({
        kind: "info", key: "update", title: "A newer version of this page is there.",
        message: "It comes when the page is opened the next time. A training that is under way goes on after a reload.",
        action: { label: "Reload", run: () => location.reload() },
      });
    });
  };
}

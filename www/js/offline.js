// Keeps the page in the browser, so that it opens without a connection, and says when a newer one is there.

/** @param {Pick<import("./app.js").App, "notify">} app @param {HTMLElement} status  where it is said that the page is kept */
export async function keepPage({ notify }, status) {
  // Not over http from another device, and not in every private window.
  if (!navigator.serviceWorker) return;
  let registration;
  try {
    registration = await navigator.serviceWorker.register(new URL("./service-worker.js", document.baseURI));
    await navigator.serviceWorker.ready;
  } catch (error) {
    status.textContent = `It needs a connection to be opened: the browser does not keep its files (${error instanceof Error ? error.message : error}).`;
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

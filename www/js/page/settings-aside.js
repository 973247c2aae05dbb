// Settings with which the page stopped: they are not taken up by themselves, and not lost either.

import { download } from "../files/out.js";

/** Says that there are some. @param {import("./app.js").App} app @param {string} key  under which they are kept */
export async function mountAside(app, key) {
  const kept = await app.storage.get(key);
  if (kept) say(app, kept, key);
}

/** @param {import("./app.js").App} app @param {any} kept @param {string} key */
function say(app, kept, key) {
  const { notify, state, storage } = app;
  const forget = () => storage.delete(key);
  notify({
    kind: "error", key: "settings", title: "The settings of an earlier visit were not taken up by themselves.",
    message: "The page stopped when it was opened with them. They are still kept in this browser.",
    actions: [
      { label: "Take them up", run: () => { forget().then(() => state.restore(kept)); } },
      { label: "Download them", run: () => {
        download(JSON.stringify(kept, null, 1), "wave-field-settings.json");
        say(app, kept, key);
      } },
      { label: "Delete them", run: forget },
    ],
  });
}

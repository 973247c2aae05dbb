// What every panel is given. A panel is `export function mountX(root, app)`: it owns the element
// `root` and nothing outside it.

/**
 * @typedef {object} Notice
 * @property {"error" | "info"} kind
 * @property {string} title What happened, in one line.
 * @property {string} [message] What to do about it.
 * @property {{label: string, run: () => void}} [action]
 * @property {{label: string, run: () => void}[]} [actions] Where there are several.
 * @property {boolean} [lasting] It stays until its action is taken.
 * @property {string} [key] A notice replaces the one with the same key.
 *
 * @typedef {typeof import("../link/said.js")} Said
 *
 * @typedef {object} App
 * @property {import("../engine/client.js").Engine} engine
 * @property {import("./state.js").State} state
 * @property {import("../keep/storage.js").Storage} storage
 * @property {import("../keep/opening.js").Opening} opening What is being opened by itself, in case it hurts.
 * @property {import("../model/heads.js").Heads} heads Bends the open model's heads.
 * @property {import("../model/couplings.js").Couplings} couplings Sets how the open model's heads mix.
 * @property {import("../model/models.js").Models} models Opens, adopts and remembers models.
 * @property {import("../files/files.js").Files} files Takes files, wherever they were dropped or picked.
 * @property {import("../engine/device.js").DeviceChooser} device Where trainings run.
 * @property {import("../link/address.js").Address} address The page's address, which is a link to it.
 * @property {(notice: Notice) => void} notify Shows a message until it is dismissed.
 * @property {(key: string) => void} dismiss Takes back a message.
 * @property {<W extends keyof Said>(what: W, ...about: Said[W] extends (app: App, ...about: infer A) => unknown ? A : never) => void} say Shows a
 *   message of link/said.js.
 * @property {(text: string) => void} announce Says something to a screen reader only. Sparingly.
 * @property {(place: import("./places.js").Place, view?: string) => void} show Goes to a place, at one of its views.
 * @property {() => Promise<import("../train/run.js").TrainRun | undefined>} training This tab's training, once the place for it is
 *   laid out; undefined where it could not be loaded, which is said.
 * @property {(chooser: HTMLElement, button: HTMLButtonElement, picker: HTMLInputElement) => Promise<void>} openMenu Loads the menu of models, and opens it.
 * @property {(button: HTMLElement, link: string, copied: boolean) => Promise<void>} sayLink Says what a link carries that was copied, or shows it.
 * @property {(link: string, long: readonly string[]) => Promise<void>} showQr Shows a link as a QR code; `long`: what makes it long.
 * @property {(address?: string) => Promise<void>} openAddress Asks for the address of a model, and opens it from there.
 * @property {(run: import("../train/run.js").TrainRun, onClose: () => void) => Promise<import("../train/step/step.js").StepView>} openStep Loads
 *   the view of one step of a training, and has the engine make it.
 * @property {() => Promise<void>} offerModel Asks in how many bits the open model is wanted as a file.
 */

export {};

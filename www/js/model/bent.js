// Whether the open model is as it is in its file.

import { isRecoupled } from "./couplings.js";
import { isBent } from "./heads.js";

/** Whether any head is bent or any coupling changed. @param {import("../page/state.js").State} state */
export const anythingBent = (state) => isBent(state.get("heads")) || isRecoupled(state.get("couplings"));

// Colours for amounts: one ramp from nothing to most, and one for values of both signs. Both change in
// lightness all the way, so that they read without colour, and both follow the theme.

import { colour, onThemeChange } from "./colours.js";

const STEPS = 64;

/** @type {string[] | null} */ let amounts = null;
/** @type {string[] | null} */ let signed = null;
onThemeChange(() => { amounts = signed = null; });

/** @param {number} share 0 to 1; anything else is cut off. */
const step = (share) => Math.max(0, Math.min(STEPS, Math.round(share * STEPS)));

/** Nothing is the ground, most is the ink. @param {number} share 0 to 1 @returns {string} a CSS colour */
export function amountColour(share) {
  amounts ??= Array.from({ length: STEPS + 1 }, (_, i) => mixed("--display", ["--head-5", "--head-0", "--ink"], i / STEPS));
  return amounts[step(share)];
}

/** Below zero orange, above zero blue, zero the ground. @param {number} share -1 to 1 @returns {string} a CSS colour */
export function signedColour(share) {
  signed ??= Array.from({ length: 2 * STEPS + 1 }, (_, i) => {
    const value = (i - STEPS) / STEPS;
    return mixed("--display", value < 0 ? ["--head-1", "--ink"] : ["--head-0", "--ink"], Math.abs(value) * 0.8);
  });
  return signed[STEPS + Math.sign(share) * step(Math.abs(share))];
}

/**
 * Along a way of colours with stops at even distances.
 * @param {string} from @param {string[]} stops @param {number} share
 */
function mixed(from, stops, share) {
  const ground = luminance(parts(colour(from)));
  const way = [from, ...stops].map((name) => parts(colour(name)));
  // Themes differ in which colour is the lighter; the way goes steadily away from the ground.
  way.sort((a, b) => Math.abs(luminance(a) - ground) - Math.abs(luminance(b) - ground));
  const at = share * (way.length - 1);
  const low = Math.min(Math.floor(at), way.length - 2);
  const channels = way[low].map((value, i) => Math.round(value + (way[low + 1][i] - value) * (at - low)));
  return `rgb(${channels.join(" ")})`;
}

/** How light a colour is. @param {number[]} rgb */
const luminance = ([red, green, blue]) => 0.2126 * red ** 2.2 + 0.7152 * green ** 2.2 + 0.0722 * blue ** 2.2;

/** @param {string} rgb As the browser computes a colour. @returns {number[]} */
const parts = (rgb) => (rgb.match(/[\d.]+/g) ?? ["0", "0", "0"]).slice(0, 3).map(Number);

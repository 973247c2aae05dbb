// Colours for amounts: one ramp from nothing to most, and one for values of both signs. Both change in
// lightness all the way and by the same amount at each step, so that they read without colour, and both
// follow the theme.

import { colour, onThemeChange } from "./colours.js";

const STEPS = 64;
/** Colours along a way, among which those of even lightness are chosen. */
const FINE = 512;

/** @type {string[] | null} */ let amounts = null;
/** @type {string[] | null} */ let signed = null;
onThemeChange(() => { amounts = signed = null; });

/** @param {number} share 0 to 1; anything else is cut off. */
const step = (share) => Math.max(0, Math.min(STEPS, Math.round(share * STEPS)));

/** Nothing is the ground, most is the ink. @param {number} share 0 to 1 @returns {string} a CSS colour */
export function amountColour(share) {
  amounts ??= evenly(["--head-5", "--head-0"], 1);
  return amounts[step(share)];
}

/** Below zero orange, above zero blue, zero the ground. @param {number} share -1 to 1 @returns {string} a CSS colour */
export function signedColour(share) {
  // Not all the way to the ink, where both ends would look alike.
  signed ??= [...evenly(["--head-1"], 0.8).reverse(), ...evenly(["--head-0"], 0.8).slice(1)];
  return signed[STEPS + Math.sign(share) * step(Math.abs(share))];
}

/**
 * Colours of evenly growing distance in lightness, from the ground towards the ink.
 * @param {string[]} between What it goes through; which comes first depends on the theme.
 * @param {number} end How much of the distance is gone.
 */
function evenly(between, end) {
  const [ground, ink] = [parts(colour("--display")), parts(colour("--ink"))];
  const far = (/** @type {number[]} */ rgb) => Math.abs(lightness(rgb) - lightness(ground));
  const way = [ground, ...between.map((name) => parts(colour(name))).sort((a, b) => far(a) - far(b)), ink];
  const fine = Array.from({ length: FINE + 1 }, (_, i) => along(way, i / FINE));
  return Array.from({ length: STEPS + 1 }, (_, i) => {
    const wanted = (i / STEPS) * end * far(ink);
    return `rgb(${(fine.find((rgb) => far(rgb) >= wanted - 1e-9) ?? ink).map(Math.round).join(" ")})`;
  });
}

/** Along a way of colours with stops at even distances. @param {number[][]} way @param {number} share @returns {number[]} */
function along(way, share) {
  const at = share * (way.length - 1);
  const low = Math.min(Math.floor(at), way.length - 2);
  return way[low].map((value, i) => value + (way[low + 1][i] - value) * (at - low));
}

/** CIE L*, 0 to 100: what looks equally much lighter is equally far apart. @param {number[]} rgb 0 to 255 each */
export function lightness(rgb) {
  const [r, g, b] = rgb.map((value) => (value <= 10.31 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return luminance > 0.008856 ? 116 * Math.cbrt(luminance) - 16 : 903.3 * luminance;
}

/** @param {string} rgb As the browser computes a colour. @returns {number[]} */
const parts = (rgb) => (rgb.match(/[\d.]+/g) ?? ["0", "0", "0"]).slice(0, 3).map(Number);

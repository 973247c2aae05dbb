// The numbers of a Word document's lists and headings, which stand nowhere in its text: each is counted here as the program
// counts it. Format: ECMA-376, Office Open XML, part 1, 17.9 (numbering).

/**
 * @typedef {import("./read.js").Parts} Parts
 * @typedef {{ start: number, format: string, text: string, style: string, restarts: boolean, legal: boolean }} Level
 * @typedef {{ list: string, starts: Map<number, number> }} Instance  starts: levels that begin anew at another number
 */

/** Deeper than this no list goes. */
const LEVELS = 9;
/** A number that nobody reads as letters or in Roman any more. */
const LONGEST = 3999;
const BULLET = "- ";

/** @type {Record<string, (value: number) => string>} */
const FORMATS = {
  lowerLetter: letters, upperLetter: (value) => letters(value).toUpperCase(),
  upperRoman: roman, lowerRoman: (value) => roman(value).toLowerCase(),
  decimalZero: (value) => String(value).padStart(2, "0"), ordinal, none: () => "",
};

/** a … z, aa, bb: as the program counts. @param {number} value */
function letters(value) {
  return value < 1 || value > LONGEST ? String(value) : String.fromCharCode(97 + ((value - 1) % 26)).repeat(Math.floor((value - 1) / 26) + 1);
}

const ROMAN = /** @type {const} */ ([[1000, "M"], [900, "CM"], [500, "D"], [400, "CD"], [100, "C"], [90, "XC"], [50, "L"], [40, "XL"], [10, "X"], [9, "IX"], [5, "V"], [4, "IV"], [1, "I"]]);

/** @param {number} value */
function roman(value) {
  if (value < 1 || value > LONGEST) return String(value);
  let rest = value;
  return ROMAN.map(([worth, sign]) => {
    const times = Math.floor(rest / worth);
    rest -= times * worth;
    return sign.repeat(times);
  }).join("");
}

/** @param {number} value */
function ordinal(value) {
  const ending = value % 100 > 10 && value % 100 < 14 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[value % 10] ?? "th";
  return `${value}${ending}`;
}

/** What a number of the file is; anything else counts as `otherwise`. @param {string} text @param {number} otherwise */
const whole = (text, otherwise) => (/^\d{1,9}$/.test(text) ? Number(text) : otherwise);

export class Numbering {
  /** @type {Map<string, Instance>} */ #instances = new Map();
  /** @type {Map<string, Level[]>} */ #lists = new Map();
  /** Lists that are made like that of a style. @type {Map<string, string>} */ #links = new Map();
  /** How far each list is, by level. @type {Map<string, number[]>} */ #counts = new Map();
  /** Instances of which something stands in the text already, by level. @type {Set<string>} */ #met = new Set();

  /** @param {Parts} parts @param {string} part */
  async read(parts, part) {
    let [list, instance, at] = ["", "", -1];
    await parts.read(part, {
      open: ({ name, get }) => {
        const levels = this.#lists.get(list);
        const level = levels?.[at];
        switch (name) {
          case "abstractNum": this.#lists.set(list = get("abstractNumId"), []); break;
          case "numStyleLink": this.#links.set(list, get("val")); break;
          case "lvl":
            at = whole(get("ilvl"), 0);
            // One that an instance has of its own counts as its list's, which it nearly always is.
            if (levels && at < LEVELS) levels[at] = { start: 1, format: "decimal", text: "", style: "", restarts: true, legal: false };
            break;
          case "start": if (level) level.start = whole(get("val"), 1); break;
          case "numFmt": if (level) level.format = get("val"); break;
          case "lvlText": if (level) level.text = get("val"); break;
          case "pStyle": if (level) level.style = get("val"); break;
          case "lvlRestart": if (level) level.restarts = get("val") !== "0"; break;
          case "isLgl": if (level) level.legal = !["0", "false"].includes(get("val")); break;
          case "num":
            list = "";
            this.#instances.set(instance = get("numId"), { list: "", starts: new Map() });
            break;
          case "abstractNumId": { const found = this.#instances.get(instance); if (found) found.list = get("val"); break; }
          case "lvlOverride": at = whole(get("ilvl"), 0); break;
          case "startOverride": this.#instances.get(instance)?.starts.set(at, whole(get("val"), 1)); break;
        }
      },
    });
  }

  /** The levels of an instance, and what counts for it. @param {string} id @param {(style: string) => string | undefined} instanceOf  a style's */
  #find(id, instanceOf) {
    const instance = this.#instances.get(id);
    if (!instance) return null;
    const link = this.#links.get(instance.list);
    const list = (link && this.#instances.get(instanceOf(link) ?? "")?.list) || instance.list;
    return { list, levels: this.#lists.get(list) ?? [], starts: instance.starts };
  }

  /**
   * What the next paragraph of a list begins with; null where there is no such list.
   * @param {string} id  of the instance @param {number | null} at  its level; null: that of the paragraph's style @param {string} style
   * @param {(style: string) => string | undefined} instanceOf  a style's
   */
  next(id, at, style, instanceOf) {
    const found = this.#find(id, instanceOf);
    if (!found) return null;
    const { list, levels, starts } = found;
    const depth = at ?? Math.max(0, levels.findIndex((level) => level?.style !== "" && level?.style === style));
    const level = levels[depth];
    if (!level) return null;
    const counts = this.#counts.get(list) ?? [];
    this.#counts.set(list, counts);
    const key = `${id} ${depth}`;
    const anew = starts.get(depth);
    if (anew !== undefined && !this.#met.has(key)) counts[depth] = anew;
    else counts[depth] = counts[depth] === undefined ? level.start : counts[depth] + 1;
    this.#met.add(key);
    for (let deeper = depth + 1; deeper < LEVELS; deeper++) if (levels[deeper]?.restarts !== false) delete counts[deeper];
    if (level.format === "bullet") return BULLET;
    const words = level.text.replace(/%([1-9])/g, (_, digit) => {
      const of = Number(digit) - 1;
      const value = counts[of] ?? levels[of]?.start ?? 1;
      return (level.legal ? String : FORMATS[levels[of]?.format ?? ""] ?? String)(value);
    });
    return words.trim() === "" ? "" : `${words.trim()} `;
  }
}

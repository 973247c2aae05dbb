// A document's text as plain lines: one for each paragraph, a blank one where the document makes a gap. No DOM.

/** Code units that are handed on at once. */
const PIECE = 64 * 1024;
/** White space that markup may have anywhere and that counts as one space; a no-break space is a sign of its own. */
const LOOSE = /[ \t\n\r\f]+/g;
/** Where a long word may be divided: nothing that anyone wrote. */
const SOFT_HYPHEN = /\u00ad/g;

export class Lines {
  #write;
  #most;
  #ready = "";
  #line = "";
  #mark = "";
  #gap = false;
  /** Code units so far. */
  size = 0;
  /** Lines with something in them. */
  count = 0;
  /** Lines that a text beside the running one has interrupted. @type {string[]} */ #interrupted = [];
  /** What stands beside it, which comes after the line that it interrupts. @type {string[]} */ #beside = [];

  /**
   * @param {(piece: string) => void} write
   * @param {number} [most]  code units; more is an error
   */
  constructor(write, most = Infinity) {
    this.#write = write;
    this.#most = most;
  }

  /** Text whose white space is the markup's. @param {string} text */
  flow(text) {
    const loose = text.replace(LOOSE, " ");
    this.exact(this.#line === "" || /[ \n\t]$/.test(this.#line) ? loose.replace(/^ /, "") : loose);
  }

  /** Text as it stands. @param {string} text */
  exact(text) {
    if (this.#mark !== "" && this.#line === "" && text.trim() !== "") {
      this.#line = this.#mark;
      this.#mark = "";
    }
    this.#line += text.replace(SOFT_HYPHEN, "");
    if (this.size + this.#line.length > this.#most) throw new Error(`Its text has more than ${Math.round(this.#most / 2 ** 20)} million characters, which is more than fits here. Choose a smaller file.`);
  }

  /** What the next line that has something in it begins with, such as an item of a list. @param {string} sign */
  mark(sign) {
    this.#mark = sign;
  }

  /** Sets a tab after a cell of a table, or a space between two pieces of it. @param {"\t" | " "} sign */
  between(sign) {
    if (sign === "\t" || /\S ?$/.test(this.#line)) this.#line = this.#line.replace(/ +$/, "") + sign;
  }

  /** A new line within the paragraph. */
  turn() {
    this.#line = `${this.#line.replace(/[ \t]+$/, "")}\n`;
  }

  /** The end of a paragraph; whether there was something in it. */
  end() {
    const line = this.#line.replace(/[ \t]+\n/g, "\n").replace(/\n{3,}/g, "\n\n").replace(/^\n+|\s+$/g, "");
    this.#line = "";
    if (line === "") return false;
    if (this.#interrupted.length > 0) this.#beside.push(line);
    else for (const whole of [line, ...this.#beside.splice(0)]) this.#put(whole);
    return true;
  }

  /** A blank line here, however often it is asked for; none at the beginning or the end. */
  gap() {
    this.end();
    if (this.#interrupted.length === 0) this.#gap = true;
  }

  /** What follows stands beside the line that is begun, such as in a box. */
  aside() {
    this.#interrupted.push(this.#line);
    this.#line = "";
  }

  back() {
    this.end();
    this.#line = this.#interrupted.pop() ?? "";
  }

  /** Hands on what is left. */
  finish() {
    this.end();
    for (const line of this.#beside.splice(0)) this.#put(line);
    if (this.#ready !== "") this.#write(this.#ready);
    this.#ready = "";
  }

  /** @param {string} line */
  #put(line) {
    const text = `${this.#gap && this.count > 0 ? "\n" : ""}${line}\n`;
    this.#gap = false;
    this.count++;
    this.size += text.length;
    this.#ready += text;
    while (this.#ready.length >= PIECE) {
      // No piece ends within a character.
      const end = /[\ud800-\udbff]/.test(this.#ready[PIECE - 1]) ? PIECE + 1 : PIECE;
      this.#write(this.#ready.slice(0, end));
      this.#ready = this.#ready.slice(end);
    }
  }
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { takeFile, takeFiles } from "../../www/js/text/intake.js";
import "./engine.mjs";
import { bookParts, paragraph, wordNotes, wordNumbers, wordParts, wordStyles, zipped } from "./made-documents.mjs";

/** @typedef {import("./made-documents.mjs").Parts} Parts */

/** @param {Uint8Array<ArrayBuffer>} bytes @param {string} name */
const take = async (bytes, name) => {
  const { pieces, notes } = await takeFile(new File([bytes], name), name, null);
  return { text: pieces.join(""), notes: notes.join(" ") };
};
/** Its ending says nothing. @param {Parts} parts @param {string} [name] */
const read = async (parts, name = "a.bin") => take(await zipped(parts), name);

test("a Word document's paragraphs are lines; headings, notes, tables and lists are plain text", async () => {
  const { text, notes } = await read(wordParts([
    paragraph("Erstes Kapitel", `<w:pStyle w:val="berschrift1"/><w:tabs><w:tab w:val="left" w:pos="720"/></w:tabs>`),
    `<w:p><w:r><w:t>Tea &amp; toast</w:t></w:r><w:r><w:footnoteReference w:id="7"/></w:r><w:r><w:t xml:space="preserve"> at ten, co</w:t><w:t>ff\u00adee</w:t><w:noBreakHyphen/><w:t>free.</w:t></w:r></w:p>`,
    `<w:p><w:r><w:t>Two</w:t><w:br/><w:t>lines</w:t></w:r></w:p>`,
    `<w:p/><w:p/>`,
    paragraph("milk", `<w:numPr><w:ilvl w:val="0"/></w:numPr>`), paragraph("eggs", `<w:pStyle w:val="bullets"/>`), `<w:p><w:pPr><w:numPr/></w:pPr></w:p>`,
    paragraph("A part", `<w:outlineLvl w:val="1"/>`),
    `<w:tbl><w:tblPr/><w:tr><w:tc>${paragraph("a")}${paragraph("b")}</w:tc><w:tc><w:p/></w:tc><w:tc>${paragraph("c")}</w:tc></w:tr><w:tr><w:tc><w:p/></w:tc><w:tc>${paragraph("d")}</w:tc></w:tr></w:tbl>`,
    `<w:p><w:del><w:r><w:delText>gone</w:delText><w:t>gone</w:t></w:r></w:del><w:ins><w:r><w:t>come</w:t></w:r></w:ins><w:r><w:instrText>PAGE</w:instrText></w:r><m:oMath><m:r><m:t> x=1</m:t></m:r></m:oMath></w:p>`,
    `<w:p><w:r><w:t xml:space="preserve">Before </w:t></w:r><mc:AlternateContent><mc:Choice><w:txbxContent>${paragraph("boxed")}</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>${paragraph("boxed")}</w:txbxContent></mc:Fallback></mc:AlternateContent><w:r><w:t>and after<![CDATA[ <it>]]></w:t></w:r></w:p>`,
  ].join("\n"), {
    "word/styles.xml": wordStyles(`<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style><w:style w:styleId="n"><w:name w:val="Normal"/></w:style><w:style w:styleId="bullets"><w:name w:val="List Bullet"/><w:pPr><w:numPr/></w:pPr></w:style>`),
    "word/footnotes.xml": wordNotes(`<w:footnote w:type="separator" w:id="-1"><w:p/></w:footnote><w:footnote w:id="7">${paragraph(" A note,")}${paragraph("in two.")}</w:footnote>`),
  }));
  assert.equal(text, [
    "Erstes Kapitel", "", "Tea & toast[1] at ten, coffee-free.", "Two", "lines", "", "- milk", "- eggs", "", "A part", "",
    "a b\t\tc", "\td", "", "come x=1", "Before and after <it>", "boxed", "", "[1] A note, in two.", "",
  ].join("\n"));
  assert.match(notes, /Word document.*Its note stands at the end/);
});

test("the numbers of a Word document's lists and headings are counted as the program counts them", async () => {
  const level = (/** @type {number} */ at, /** @type {string} */ format, /** @type {string} */ text, more = "") => `<w:lvl w:ilvl="${at}"><w:start w:val="1"/><w:numFmt w:val="${format}"/>${more}<w:lvlText w:val="${text}"/></w:lvl>`;
  const item = (/** @type {string} */ text, /** @type {number} */ id, at = 0) => paragraph(text, `<w:numPr><w:ilvl w:val="${at}"/><w:numId w:val="${id}"/></w:numPr>`);
  const styled = (/** @type {string} */ text, /** @type {string} */ style) => paragraph(text, `<w:pStyle w:val="${style}"/>`);
  const { text } = await read(wordParts([
    styled("Beginnings", "h1"), styled("Water", "h2"), styled("Tides", "h2"), styled("Mud", "mine"), styled("Endings", "h1"), styled("Sand", "h2"),
    paragraph("Plain", `<w:pStyle w:val="h1"/><w:numPr><w:numId w:val="0"/></w:numPr>`),
    item("first", 2), item("inside", 2, 1), item("inside, too", 2, 1), paragraph("Between."), item("second", 2), item("inside anew", 2, 1),
    item("goes on", 3), item("from five", 4), item("six", 4),
    item("bullet", 5), item("roman", 5, 1), item("roman", 5, 1), item("zero", 5, 2), item("nothing", 5, 3), item("unknown", 99),
    ...Array.from({ length: 28 }, () => item("l", 6)).slice(0, 28),
    item("as a style", 7), item("as a style", 7),
    `<w:tbl><w:tr><w:tc>${item("cell", 2)}</w:tc><w:tc>${item("dot", 5)}</w:tc></w:tr></w:tbl>`,
    paragraph("now plain", `<w:pPrChange><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:pPrChange>`),
  ].join(""), {
    "word/styles.xml": wordStyles(`<w:style w:styleId="h1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style><w:style w:styleId="h2"><w:name w:val="heading 2"/><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style><w:style w:styleId="mine"><w:name w:val="Mine"/><w:basedOn w:val="h2"/></w:style><w:style w:styleId="ring"><w:basedOn w:val="ring"/></w:style><w:style w:styleId="steps"><w:name w:val="Steps"/><w:pPr><w:numPr><w:numId w:val="8"/></w:numPr></w:pPr></w:style>`),
    "word/numbering.xml": wordNumbers([
      `<w:abstractNum w:abstractNumId="10">${level(0, "upperRoman", "%1.", `<w:pStyle w:val="h1"/>`)}${level(1, "decimal", "%1.%2", "<w:isLgl/>")}</w:abstractNum>`,
      `<w:abstractNum w:abstractNumId="11">${level(0, "decimal", "%1.")}${level(1, "lowerLetter", "%2)")}</w:abstractNum>`,
      `<w:abstractNum w:abstractNumId="12">${level(0, "bullet", "\uf0b7")}${level(1, "lowerRoman", "(%2)")}${level(2, "decimalZero", "%3")}${level(3, "none", "")}</w:abstractNum>`,
      `<w:abstractNum w:abstractNumId="13">${level(0, "upperLetter", "%1.")}</w:abstractNum>`,
      `<w:abstractNum w:abstractNumId="14"><w:numStyleLink w:val="steps"/></w:abstractNum>`,
      `<w:abstractNum w:abstractNumId="15"><w:styleLink w:val="steps"/>${level(0, "ordinal", "%1 step:")}</w:abstractNum>`,
    ].join(""), { 1: 10, 2: 11, 3: 11, 4: [11, 5], 5: 12, 6: 13, 7: 14, 8: 15 }),
  }));
  assert.deepEqual(text.trimEnd().split("\n"), [
    "I. Beginnings", "", "1.1 Water", "", "1.2 Tides", "", "1.3 Mud", "", "II. Endings", "", "2.1 Sand", "", "Plain", "",
    "1. first", "a) inside", "b) inside, too", "Between.", "2. second", "a) inside anew",
    "3. goes on", "5. from five", "6. six",
    "- bullet", "(i) roman", "(ii) roman", "01 zero", "nothing", "- unknown",
    ...Array.from({ length: 26 }, (_, i) => `${String.fromCharCode(65 + i)}. l`), "AA. l", "BB. l",
    "1st step: as a style", "2nd step: as a style", "",
    "7. cell\tdot", "", "now plain",
  ]);
});

test("a Word document's main part may have another name, and a note may be lost", async () => {
  const { "word/document.xml": main, ...parts } = wordParts(`<w:p><w:r><w:t>Here.</w:t><w:endnoteReference w:id="1"/></w:r></w:p>`);
  parts["_rels/.rels"] = String(parts["_rels/.rels"]).replace("word/document.xml", "/word/document2.xml");
  const { text, notes } = await read({ ...parts, "word/document2.xml": main });
  assert.equal(text, "Here.[1]\n");
  assert.match(notes, /One of its notes is missing/);
});

test("a book is read in the order of its spine, without what nobody sees", async () => {
  const { text, notes } = await read(bookParts({
    "two pages/1.xhtml": `<script>no()</script><h1>One</h1>\n  <p>A caf\u00e9 &mdash; <em>late</em>,\n   and&nbsp;&#x201C;dark&#8221;.<a epub:type="noteref" href="#n">1</a></p><p>&#160;</p><p>Next<br/>line.</p><svg xmlns="http://www.w3.org/2000/svg"><text>drawn</text></svg>`,
    "0.xhtml": `<div><h2>Two</h2><ul><li><p>tea</p></li><li>milk<ol start="3"><li>cold</li><li>warm</li></ol></li></ul><table><tr><td>a</td><td><p>b</p><p>c</p></td></tr></table><pre>x\n  y</pre><aside id="n">1 The note.</aside><ruby>漢<rt>kan</rt></ruby></div>`,
  }), "roman.txt");
  assert.equal(text, [
    "One", "", "A café — late, and\u00a0“dark”.[1]", "", "Next", "line.", "", "Two", "", "- tea", "- milk", "3. cold", "4. warm", "", "a\tb c", "", "x", "  y", "", "1 The note.", "漢", "",
  ].join("\n"));
  assert.match(notes, /electronic book: 2 parts in reading order/);
});

test("parts may be in UTF-16 or in an encoding that their first line names", async () => {
  const utf16 = Buffer.from(`\ufeff${bookParts({ a: "<p>Größe</p>" })["OEBPS/a"]}`, "utf16le");
  const latin = Buffer.from(String(bookParts({ a: "<p>Größe</p>" })["OEBPS/a"]).replace("utf-8", "iso-8859-1"), "latin1");
  for (const bytes of [utf16, latin]) assert.equal((await read(bookParts({ a: "" }, { "OEBPS/a": new Uint8Array(bytes) }))).text, "Größe\n");
});

test("a book under a lock is refused; one that obscures its fonts is not", async () => {
  const locks = (/** @type {string} */ part) => ({ "META-INF/encryption.xml": `<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData><e:CipherData><e:CipherReference URI="${part}"/></e:CipherData></e:EncryptedData></encryption>` });
  await assert.rejects(read(bookParts({ "a b": "<p>a</p>", b: "" }, locks("OEBPS/a%20b")), "Novel.epub"), /"Novel\.epub" cannot be read as a text\. It is locked \(DRM\).*names 1 of its 2 parts as encrypted.*Use a copy without one\./);
  assert.equal((await read(bookParts({ a: "<p>a</p>" }, locks("OEBPS/font.otf")))).text, "a\n");
});

test("what is missing, broken or empty is said, with what to do", async () => {
  const without = (/** @type {Parts} */ parts, /** @type {string} */ part) => Object.fromEntries(Object.entries(parts).filter(([name]) => name !== part));
  const word = wordParts(paragraph("a"));
  const book = bookParts({ "a.xhtml": "<p>a</p>" });
  /** @type {[RegExp, Parts][]} */
  const cases = [
    [/has its text in "word\/document\.xml", and that is missing.*Save it anew/, { ...without(word, "word/document.xml"), "word/styles.xml": "<a/>" }],
    [/begins with "META-INF\/container\.xml", and that is missing/, without(book, "META-INF/container.xml")],
    [/"OEBPS\/book\.opf", is missing/, without(book, "OEBPS/book.opf")],
    [/"OEBPS\/a\.xhtml" belongs to the book and is missing/, without(book, "OEBPS/a.xhtml")],
    [/names no list/, { ...book, "META-INF/container.xml": "<container/>" }],
    [/spine is empty/, { ...book, "OEBPS/book.opf": "<package/>" }],
    [/does not say which part/, { ...book, "OEBPS/book.opf": `<package><spine><itemref idref="x"/></spine></package>` }],
    [/"word\/document\.xml" in it is no XML.*line 2, unexpected close tag.*Save the file anew/s, { ...word, "word/document.xml": "<a>\n<b></a>" }],
    [/no XML.*unclosed tag/, { ...word, "word/document.xml": "<a><b>" }],
    [/no XML.*undefined entity/, { ...word, "word/document.xml": `<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>` }],
    [/no XML.*unbound namespace prefix/, { ...word, "word/document.xml": "<w:a/>" }],
    [/is empty/, { ...word, "word/document.xml": " " }],
    [/bytes that are no UTF-8/, { ...word, "word/document.xml": Uint8Array.of(0x3c, 0x61, 0x3e, 0xff, 0xff) }],
    [/in the encoding "klingon", which is not known/, { ...word, "word/document.xml": `<?xml version="1.0" encoding="klingon"?><a/>` }],
    [/There is no text in it\. Choose another/, wordParts("<w:p/>")],
    [/There is no text in it: its pages may be pictures/, bookParts({ "a.xhtml": `<img src="a.jpg" alt=""/>` })],
    [/more than 2000 elements/, { ...word, "word/document.xml": "<a>".repeat(3000) }],
  ];
  for (const [message, parts] of cases) await assert.rejects(read(parts, "Mine"), (/** @type {Error} */ { message: words }) => words.startsWith(`"Mine" cannot be read as a text. `) && message.test(words), String(message));
});

test("what would grow without end is stopped: by what its table says, and where that lies", async () => {
  const MB = 2 ** 20;
  const large = { "word/document.xml": Buffer.from(`<a>${" ".repeat(101 * MB)}</a>`) };
  await assert.rejects(take(await zipped(wordParts("", large), { lie: { "word/document.xml": 300 * MB } }), "a.docx"), /more than 200 MB unpacked \("word\/document\.xml" to 300 MB\).*Choose a smaller file/);
  for (const said of [10, MB]) {
    const lying = await zipped(wordParts("", large), { lie: { "word/document.xml": said } });
    await assert.rejects(take(lying, "a.docx"), /"word\/document\.xml" is larger than its table says/);
  }
  // Small enough by itself, and named twice.
  const twice = bookParts({ a: "" }, { "OEBPS/a": large["word/document.xml"] });
  twice["OEBPS/book.opf"] = String(twice["OEBPS/book.opf"]).replace("</spine>", `<itemref idref="p0"/></spine>`);
  await assert.rejects(read(twice), /more than 200 MB unpacked/);
});

test("a document that is cut or changed anywhere is refused in words, or read as it is", async () => {
  const whole = await zipped(bookParts({ a: "<p>The tide is low.</p>", b: "<p>The mud is warm.</p>" }));
  for (let length = whole.length - 1; length > 100; length -= 37) {
    await assert.rejects(take(whole.slice(0, length), "a.epub"), (/** @type {Error} */ { message }) => message.startsWith(`"a.epub"`) && /[.!]$/.test(message), `cut at ${length}`);
  }
  for (let at = 0; at < whole.length; at += 7) {
    const bytes = whole.slice();
    bytes[at] ^= 0x55;
    try {
      assert.match((await take(bytes, "a.epub")).text, /^The tide is low\.\n\nThe mud is warm\.\n$/, `changed at ${at}`);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assert.ok(error instanceof Error && error.message.startsWith(`"a.epub"`) && !(error instanceof TypeError), `changed at ${at}: ${error}`);
    }
  }
});

test("a long document comes in pieces and can be left; together with texts it is one text", async () => {
  const line = "The old king had three daughters, and a große Überraschung 😀 for each.";
  const parts = wordParts(paragraph(line).repeat(20_000));
  const file = new File([await zipped(parts)], "kings.docx");
  /** @type {number[]} */
  const shares = [];
  const { pieces, summary } = await takeFile(file, file.name, null, { onProgress: (share) => shares.push(share) });
  assert.equal(pieces.join(""), `${line}\n`.repeat(20_000));
  assert.ok(pieces.length > 5 && shares.length > 5 && shares.at(-1) === 1);
  assert.equal(summary.characters, 20_000 * ([...line].length + 1));
  const way = new AbortController();
  await assert.rejects(takeFile(file, file.name, null, { signal: way.signal, onProgress: () => way.abort() }), { name: "AbortError" });

  const book = new File([await zipped(bookParts({ a: "<p>One.</p>" }))], "b.epub");
  const taken = await takeFiles([new File(["Two."], "c.txt"), book], new Map());
  assert.equal(taken.pieces.join(""), "One.\nTwo.");
});

// Numbers in words that several views have. No DOM here.

/** A number that matters by its size alone, such as 9·10⁻⁸. @param {number} value */
export function bySize(value) {
  const [digit, exponent] = value.toExponential(0).split("e");
  return `${digit}·10${[...String(Number(exponent))].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)])).join("")}`;
}

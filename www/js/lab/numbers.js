// Numbers in words that several views have. No DOM here.

/** An exponent, raised. @param {number} power a whole number */
export const raised = (power) => [...String(power)].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)])).join("");

/** A number that matters by its size alone, such as 9·10⁻⁸. @param {number} value */
export function bySize(value) {
  const [digit, exponent] = value.toExponential(0).split("e");
  return `${digit}·10${raised(Number(exponent))}`;
}

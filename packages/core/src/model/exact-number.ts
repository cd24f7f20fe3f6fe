/**
 * Does JavaScript hold exactly the number that this JSON text spells? False where it can only round it, so
 * that printing it gives another number.
 */
export function isExactNumber(text: string): boolean {
  const value = Number(text);
  return Number.isFinite(value) && decimalForm(text) === decimalForm(String(value));
}

/** A normal form: sign, digits without zeros at either end, power of ten. */
function decimalForm(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}

/** Every whole number of up to 15 digits is exact. */
const LONG_DIGITS = /\d{16}/;

/**
 * The first whole number in a JSON text that JavaScript can only round, as it is written there, or `null`.
 * Digits in strings do not count. For texts of others, before `JSON.parse` rounds an id or a time in
 * nanoseconds.
 */
export function firstRoundedWhole(json: string): string | null {
  if (!LONG_DIGITS.test(json)) return null;
  for (let at = 0; at < json.length; ) {
    const char = json[at] as string;
    if (char === '"') {
      at = endOfString(json, at);
    } else if (char >= "0" && char <= "9") {
      const start = json[at - 1] === "-" ? at - 1 : at;
      while (/[\d.eE+-]/.test(json[at] ?? "")) at++;
      const token = json.slice(start, at);
      if (/^-?\d{16,}$/.test(token) && !isExactNumber(token)) return token;
    } else {
      at++;
    }
  }
  return null;
}

function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return json.length;
}

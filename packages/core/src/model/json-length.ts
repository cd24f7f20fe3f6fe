/**
 * How long the value is as JSON text, roughly: escapes are not counted. Its cost is that of the number of
 * values in it, not of their length.
 *
 * @param value plain JSON.
 * @param most counting stops beyond this.
 */
export function roughJsonLength(value: unknown, most = Number.POSITIVE_INFINITY): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return SCALAR_LENGTH;
  let length = 2;
  if (Array.isArray(value)) {
    for (const item of value) {
      length += 1 + roughJsonLength(item, most - length);
      if (length > most) break;
    }
    return length;
  }
  for (const [key, item] of Object.entries(value)) {
    length += key.length + 4 + roughJsonLength(item, most - length);
    if (length > most) break;
  }
  return length;
}

/** Of a number, a boolean or `null`. */
const SCALAR_LENGTH = 5;

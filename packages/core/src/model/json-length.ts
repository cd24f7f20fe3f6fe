/**
 * How long the value is as JSON text, at least: escapes are not counted, and numbers as one character. The
 * cost is that of the number of values in it, not of their length.
 *
 * @param value plain JSON.
 * @param most counting stops beyond this.
 */
export function leastJsonLength(value: unknown, most = Number.POSITIVE_INFINITY): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 1;
  let length = 1;
  if (Array.isArray(value)) {
    for (const item of value) {
      length += 1 + leastJsonLength(item, most - length);
      if (length > most) break;
    }
    return length;
  }
  for (const [key, item] of Object.entries(value)) {
    length += key.length + 4 + leastJsonLength(item, most - length);
    if (length > most) break;
  }
  return length;
}

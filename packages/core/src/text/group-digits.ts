/**
 * A whole number for a person, such as `10,000`. Not by `toLocaleString`: with its first call tables of ICU
 * are loaded, which takes a good part of the time of a command that prints one number.
 */
export function groupDigits(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

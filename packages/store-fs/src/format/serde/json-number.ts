import { DOT, MINUS, NINE, ZERO } from "./json-tokens.ts";

/** What a number needs of the scanner that reads it. */
interface Scanner {
  readonly bytes: Buffer;
  fail(reason: string, offset: number): never;
}

const EXPONENT = 0x65;
const UPPER_EXPONENT = 0x45;
const PLUS = 0x2b;

/** Where the number that begins at `start` ends, by the grammar of JSON. Throws {@link FormatError}. */
export function numberEnd(scanner: Scanner, start: number): number {
  const { bytes } = scanner;
  let at = start;
  if (bytes[at] === MINUS) at++;
  if (bytes[at] === ZERO) at++;
  else at = digitsEnd(scanner, at);
  if (bytes[at] === DOT) at = digitsEnd(scanner, at + 1);
  if (bytes[at] === EXPONENT || bytes[at] === UPPER_EXPONENT) {
    at++;
    if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
    at = digitsEnd(scanner, at);
  }
  return at;
}

/** Up to 15 digits every decimal number without an exponent comes back from JavaScript as it was. */
export function isCertainlyExact(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > 15) return false;
  for (let at = start; at < end; at++)
    if (bytes[at] === EXPONENT || bytes[at] === UPPER_EXPONENT) return false;
  return true;
}

function digitsEnd(scanner: Scanner, start: number): number {
  const { bytes } = scanner;
  let at = start;
  for (;;) {
    const byte = bytes[at];
    if (byte === undefined || byte < ZERO || byte > NINE) break;
    at++;
  }
  if (at === start) scanner.fail("invalid number", at);
  return at;
}

// For reading what is laid out as we write it: lines are compared as bytes.

const ID_LENGTH = 36;

/** Do these bytes stand there? */
export function startsAt(bytes: Buffer, at: number, text: Buffer): boolean {
  const { length } = text;
  if (at + length > bytes.length) return false;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/** 1 for a hexadecimal digit in lower case. */
const HEX = new Uint8Array(256).fill(1, 0x30, 0x3a).fill(1, 0x61, 0x67);

/** Does a UUID in lower case with hyphens stand there? */
export function isCanonicalAt(bytes: Buffer, start: number): boolean {
  for (let i = 0; i < ID_LENGTH; i++) {
    const byte = bytes[start + i] ?? 0;
    const wanted = i === 8 || i === 13 || i === 18 || i === 23 ? byte === 0x2d : HEX[byte] === 1;
    if (!wanted) return false;
  }
  return true;
}

/** Behind a whole number that JavaScript holds, or -1. */
export function passDigits(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x30 || byte > 0x39) break;
    at++;
  }
  const length = at - start;
  return length === 0 || length > 15 || (length > 1 && bytes[start] === 0x30) ? -1 : at;
}

/** What a file or an input begins with when it is another text than UTF-8. */
const UTF16 = "UTF-16, not UTF-8: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)";

/** What these bytes, the first of a text, are instead of UTF-8, for a message; `null` if nothing is known. */
export function otherEncodingOf(bytes: Uint8Array): string | null {
  const [a = 1, b = 1, c = 1, d = 1] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return UTF16;
  // Without a mark every second byte of plain letters is zero.
  const isLittleEndian = a !== 0 && b === 0 && c !== 0 && d === 0;
  const isBigEndian = a === 0 && b !== 0 && c === 0 && d !== 0;
  return isLittleEndian || isBigEndian ? UTF16 : null;
}

/** Where the first character begins that is not UTF-8, in bytes from 0; -1 if there is none. */
export function invalidUtf8At(bytes: Uint8Array): number {
  if (decodes(bytes, false)) return -1;
  // The longest beginning that can be gone on with ends within or before that character.
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (middle <= bytes.length && decodes(bytes.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  let start = good;
  while (!decodes(bytes.subarray(0, start), false)) start--;
  return start;
}

function decodes(bytes: Uint8Array, isBeginning: boolean): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isBeginning });
    return true;
  } catch {
    return false;
  }
}

/**
 * The text of a whole file, without a byte order mark.
 *
 * @throws {Error} that says what it is instead of UTF-8, or which byte is wrong; decoding it all the same
 *   would put other characters in the place of those that were meant.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const other = otherEncodingOf(bytes);
  if (other !== null) throw new Error(`it is ${other}`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`it is not UTF-8 (byte ${invalidUtf8At(bytes)}, counted from 0)`);
  }
}

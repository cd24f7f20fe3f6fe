const encoder = new TextEncoder();
/** In UTF-16 units: from about here on encoding a text is quicker than looking at each of its units. */
const LONG_TEXT = 256;
const PIECE = 16 * 1024;
/** What is encoded here is only counted. */
let scratch: Uint8Array | undefined;

/** Bytes of the UTF-8 form of a well-formed string. */
export function utf8Length(text: string): number {
  return text.length < LONG_TEXT ? countUnits(text) : countEncoded(text);
}

function countUnits(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Two bytes for each half of a surrogate pair, since a pair takes four.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return bytes;
}

function countEncoded(text: string): number {
  scratch ??= new Uint8Array(3 * PIECE);
  let bytes = 0;
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = Math.min(start + PIECE, text.length);
    // A pair of surrogates stays together.
    if (end < text.length && (text.charCodeAt(end) & 0xfc00) === 0xdc00) end--;
    bytes += encoder.encodeInto(text.slice(start, end), scratch).written;
  }
  return bytes;
}

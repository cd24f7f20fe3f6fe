/** A line longer than this is never held as a whole: it is kept in pieces. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** The size of a piece. As JSON text, where a byte may take six, it still fits an entry. */
export const PIECE_BYTES = 2 * 1024 * 1024;

/**
 * Where the next piece of these bytes ends: at {@link PIECE_BYTES}, or up to three bytes before it so that no
 * character of UTF-8 is cut in two. It depends on the bytes alone, not on how they were read.
 */
export function pieceEnd(bytes: Uint8Array): number {
  if (bytes.length <= PIECE_BYTES) return bytes.length;
  for (let end = PIECE_BYTES; end > PIECE_BYTES - 4; end--)
    if (((bytes[end] as number) & 0xc0) !== 0x80) return end;
  return PIECE_BYTES;
}

/** A line in pieces, as it would be read from a file. */
export function* piecesOf(line: Uint8Array): Generator<Uint8Array, void, undefined> {
  let rest = line;
  do {
    const end = pieceEnd(rest);
    yield rest.subarray(0, end);
    rest = rest.subarray(end);
  } while (rest.length > 0);
}

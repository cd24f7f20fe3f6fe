// Arrays as parameters in the binary format of the protocol: as text each element would have to be quoted,
// and JSON is full of quotes. One statement then writes any number of rows, by unnest.

const OID = { uuid: 2950, int4: 23, int8: 20, text: 25 } as const;
const HEADER = 20;

/** A parameter of the type `uuid[]`. */
export function uuidArray(values: readonly string[]): Buffer {
  return arrayOfFixed(values, OID.uuid, 16, (buffer, at, value) => {
    for (let i = 0; i < 16; i++) {
      const place = HEX_PLACES[i] as number;
      buffer[at + i] = (hexDigit(value, place) << 4) | hexDigit(value, place + 1);
    }
  });
}

/** Where the digits of each byte of a UUID are. A `Buffer` would need a copy of it without the hyphens. */
const HEX_PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

/** Of 0-9 and a-f. */
function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code <= 57 ? code - 48 : (code | 32) - 87;
}

/** A parameter of the type `int4[]`. */
export function int4Array(values: readonly number[]): Buffer {
  return arrayOfFixed(values, OID.int4, 4, (buffer, at, value) => {
    buffer.writeInt32BE(value, at);
  });
}

/** A parameter of the type `int8[]`. */
export function int8Array(values: readonly number[]): Buffer {
  return arrayOfFixed(values, OID.int8, 8, (buffer, at, value) => {
    // In halves: a BigInt for each would take longer than the rest of the array.
    buffer.writeInt32BE(Math.floor(value / 2 ** 32), at);
    buffer.writeInt32BE(value | 0, at + 4);
  });
}

/** A parameter of the type `text[]`. */
export function textArray(values: readonly (string | null)[]): Buffer {
  let length = HEADER;
  const lengths = values.map((value) => {
    const bytes = value === null ? -1 : Buffer.byteLength(value);
    length += 4 + Math.max(bytes, 0);
    return bytes;
  });
  const buffer = withHeader(length, values.length, OID.text, values.includes(null));
  let at = HEADER;
  values.forEach((value, i) => {
    const bytes = lengths[i] as number;
    at = buffer.writeInt32BE(bytes, at);
    if (value !== null) at += buffer.write(value, at, bytes, "utf8");
  });
  return buffer;
}

function arrayOfFixed<T>(
  values: readonly T[],
  oid: number,
  size: number,
  write: (buffer: Buffer, at: number, value: T) => void,
): Buffer {
  const buffer = withHeader(HEADER + values.length * (4 + size), values.length, oid, false);
  let at = HEADER;
  for (const value of values) {
    at = buffer.writeInt32BE(size, at);
    write(buffer, at, value);
    at += size;
  }
  return buffer;
}

/** One dimension, from 1. An array without elements has the same header, with a length of 0. */
function withHeader(length: number, count: number, oid: number, hasNull: boolean): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(hasNull ? 1 : 0, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(count, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}

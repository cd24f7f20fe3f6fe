import type { IncomingMessage } from "node:http";
import { firstRoundedWhole } from "@thulp-sessions/core";
import { Refusal } from "@thulp-sessions/router";

/** Of a body that is too large this much more is read and dropped, so that the caller gets to the answer. */
const MAX_DROPPED_BYTES = 64 * 1024 * 1024;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The whole body as text.
 *
 * @throws {Refusal} 413 above `maxBytes`; 400 when it is not UTF-8, holds a whole number that would be rounded, or when the
 *   caller goes away.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  // Then not a byte of it is looked at; node:http drops it and keeps the connection.
  if (Number(request.headers["content-length"]) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        if (bytes > maxBytes + MAX_DROPPED_BYTES) break;
      }
    }
  } catch (cause) {
    throw new Refusal(400, "The request was cut off.", { cause });
  }
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  const text = decode(Buffer.concat(chunks));
  // Callers in other languages have numbers that are read here as others; keeping those instead would be a lie.
  const rounded = firstRoundedWhole(text);
  if (rounded === null) return text;
  throw new Refusal(
    400,
    `The whole number ${rounded.slice(0, 40)} is beyond what JavaScript holds exactly: send it as a string.`,
  );
}

function decode(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    // Decoding it all the same would put other characters in the place of those that were meant.
    throw new Refusal(400, "The body is not UTF-8.", { cause });
  }
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(413, `The request is larger than ${maxBytes} bytes: send fewer entries at a time.`);
}

import type { IncomingMessage } from "node:http";
import { firstRoundedWhole, isSessionError } from "@thulp-sessions/core";
import { HttpError } from "@thulp-sessions/router";
import type { Permit } from "../limits/admission-control.ts";
import { MAX_KEYS, MAX_VALUES, whyCostly } from "./json-cost.ts";

/** Of a body that is too large this much more is read and dropped, so that the caller gets to the answer. */
const MAX_DROPPED_BYTES = 64 * 1024 * 1024;

const COSTLY = {
  keys: `An object in the body has more than ${MAX_KEYS} keys: split it up.`,
  values: `The body has more than ${MAX_VALUES} values, where an object or an array counts for four: send it in parts.`,
};

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The whole body as text.
 *
 * @throws {HttpError} 413 above `maxBytes`; 400 when it is not UTF-8, holds a whole number that would be
 *   rounded, an object with very many keys or very many values, or when the caller goes away.
 * @throws {SessionError} busy when there is no room for more of it.
 */
export async function readBody(request: IncomingMessage, maxBytes: number, permit: Permit): Promise<string> {
  const declared = request.headers["content-length"];
  // Then not a byte of it is looked at; node:http drops it and keeps the connection.
  if (Number(declared) > maxBytes) throw tooLarge(maxBytes);
  // The parser of node:http takes no more than was declared.
  const bytes =
    declared === undefined ? await collectBounded(request, maxBytes, permit) : await collect(request);
  const costly = whyCostly(bytes);
  if (costly) throw new HttpError(400, COSTLY[costly]);
  const text = decode(bytes);
  // Callers in other languages have numbers that are read here as others; keeping those instead would be a
  // lie.
  const rounded = firstRoundedWhole(text);
  if (rounded === null) return text;
  throw new HttpError(
    400,
    `The whole number ${rounded.slice(0, 40)} is beyond what JavaScript holds exactly: send it as a string.`,
  );
}

function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on("error", (cause) => reject(cutOff(cause)));
  });
}

async function collectBounded(request: IncomingMessage, maxBytes: number, permit: Permit): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= maxBytes) {
        permit.grow(chunk.length);
        chunks.push(chunk);
      } else {
        chunks.length = 0;
        if (bytes > maxBytes + MAX_DROPPED_BYTES) break;
      }
    }
  } catch (cause) {
    throw isSessionError(cause) ? cause : cutOff(cause);
  }
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  return Buffer.concat(chunks);
}

function cutOff(cause: unknown): HttpError {
  return new HttpError(400, "The request was cut off.", { cause });
}

function decode(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    // Decoding it all the same would put other characters in the place of those that were meant.
    throw new HttpError(400, "The body is not UTF-8.", { cause });
  }
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `The request is larger than ${maxBytes} bytes: send fewer entries at a time.`);
}

import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { isLoopback } from "@thulp-sessions/config";
import { acceptedEncodings } from "./accepted-encodings.ts";

/** Shorter answers take longer to compress than to send. */
const LEAST_BYTES = 64 * 1024;

const gzipAsync = promisify(gzip);

/** An answer as it is sent. */
export interface EncodedBody {
  readonly body: string | Buffer;
  readonly bytes: number;
  /** `content-encoding`; `undefined` for one that is sent as it is. */
  readonly encoding: "gzip" | undefined;
}

/**
 * Compresses a long answer for a client on another machine that takes it so. On loopback, where a proxy on
 * this machine is too, that would be a loss.
 */
export async function encodeBody({ headers, socket }: IncomingMessage, text: string): Promise<EncodedBody> {
  const bytes = Buffer.byteLength(text);
  if (
    bytes <= LEAST_BYTES ||
    isLocal(socket.remoteAddress) ||
    acceptedEncodings(headers["accept-encoding"])("gzip") === 0
  )
    return { body: text, bytes, encoding: undefined };
  const body = await gzipAsync(text, { level: constants.Z_BEST_SPEED });
  return { body, bytes: body.length, encoding: "gzip" };
}

/** A socket without an address is a Unix socket, or gone. */
function isLocal(address: string | undefined): boolean {
  return address === undefined || isLoopback(address.replace(/^::ffff:/i, ""));
}

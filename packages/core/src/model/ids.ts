import { v7 } from "uuid";
import type { z } from "zod";
import { invalidInput } from "./errors.ts";

/** A UUID in lower case with hyphens that names a session. */
export type SessionId = string & z.$brand<"SessionId">;

/** A UUID in lower case with hyphens that names an entry within its session. */
export type EntryId = string & z.$brand<"EntryId">;

// Any version and variant: files of the original also hold nil and hand-made ids.
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for the canonical form of a UUID: lower case, with hyphens. */
export function isCanonicalUuid(text: string): boolean {
  return text.length === 36 && UUID.test(text);
}

/** True for a session id in canonical form, whatever it is that is asked about. */
export function isSessionId(value: unknown): value is SessionId {
  return typeof value === "string" && isCanonicalUuid(value);
}

/**
 * The canonical session id of a UUID with hyphens in any case.
 *
 * @throws {SessionError} invalid_input when it is not a UUID with hyphens.
 */
export function parseSessionId(text: string): SessionId {
  const canonical = typeof text === "string" && text.length === 36 ? text.toLowerCase() : "";
  if (!isCanonicalUuid(canonical)) {
    const shown = typeof text === "string" ? JSON.stringify(text.slice(0, 64)) : typeof text;
    throw invalidInput(
      `${shown} is not a session id: expected a UUID such as 0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f.`,
      {
        field: "id",
      },
    );
  }
  return canonical as SessionId;
}

// To ask for random bytes takes longer than all else about an id: they are taken for many ids at a time.
const ID_BYTES = 16;
const pool = new Uint8Array(256 * ID_BYTES);
let used = pool.length;
// Of the last id. The ids of one millisecond count up, so that they are in the order of their making.
let msecs = Number.NEGATIVE_INFINITY;
let seq = 0;

/** A new time-ordered id (UUID version 7): greater than those that this process has made before. */
export function newUuid(): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + ID_BYTES);
  used += ID_BYTES;
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // A random one to begin with, of 31 bits: as RFC 9562 has it, it leaves room to count.
    seq = new DataView(random.buffer, random.byteOffset).getUint32(6) >>> 1;
  } else {
    seq = (seq + 1) | 0;
    if (seq === 0) msecs++;
  }
  return v7({ msecs, seq, random });
}

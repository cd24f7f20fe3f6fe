import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { SessionError, type SessionId } from "@thulp-sessions/core";
import { concurrentChange, notFound } from "@thulp-sessions/core/store";
import { sameFile, sameStamp } from "../disk/file-stamp.ts";
import { io } from "../disk/io-error.ts";
import { withReadableFile } from "../disk/read-file.ts";
import { type Fill, writeFully } from "../disk/write-file.ts";

/** So much is held in memory, and read before others get their turn. */
const CHUNK_BYTES = 1024 * 1024;

/** Where a session stands. */
export interface Place {
  readonly id: SessionId;
  readonly path: string;
}

/**
 * Brings the bytes of a session file, whatever they are, to where `put` lets a file be written, and compares what then stands
 * there with what stands here.
 *
 * @throws {SessionError} not_found; conflict when somebody writes to it meanwhile; io when other bytes arrive.
 */
export async function passOn(from: Place, to: Place, put: (fill: Fill) => Promise<void>): Promise<void> {
  let passed = "";
  await put(async (descriptor) => {
    passed = await digest(from, (bytes, at) => {
      io(to.path, "write", () => writeFully(descriptor, bytes, at));
    });
    // File times are coarse in places: bytes that are the same twice were not being written.
    if ((await digest(from)) !== passed) throw concurrentChange(from.id);
  });
  if ((await digest(to)) === passed) return;
  throw new SessionError("io", `${to.path} does not hold what was written to it. Check that disk.`, {
    details: { sessionId: to.id, path: to.path },
  });
}

/** Do both stand in the same bytes? @throws {SessionError} not_found; conflict when somebody writes to one meanwhile. */
export async function isSameFile(one: Place, other: Place): Promise<boolean> {
  return (await digest(one)) === (await digest(other));
}

/** What the bytes of the file are told by. @param onBytes is given them; the buffer holds others afterwards. */
async function digest(
  { id, path }: Place,
  onBytes: (bytes: Buffer, at: number) => void = () => {},
): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  const look = () => {
    const stamp = withReadableFile(path, (file) => file.stamp());
    if (!stamp) throw notFound(id);
    return stamp;
  };
  const before = look();
  for (let at = 0; at < before.size; ) {
    // Opened for each: nothing stays open while others have their turn.
    const bytes = withReadableFile(path, (file) =>
      sameFile(file.stamp(), before) ? buffer.subarray(0, file.readInto(buffer, at)) : undefined,
    );
    if (!bytes || bytes.length === 0) throw concurrentChange(id);
    hash.update(bytes);
    onBytes(bytes, at);
    at += bytes.length;
    await setImmediate();
  }
  if (!sameStamp(look(), before)) throw concurrentChange(id);
  return hash.digest("base64url");
}

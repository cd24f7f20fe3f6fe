import { createHash } from "node:crypto";
import { SessionError, type SessionId } from "@thulp-sessions/core";
import { concurrentChange, notFound } from "@thulp-sessions/core/store";
import { readRange, SequentialWriter } from "../disk/copy-range.ts";
import { sameFile, sameStamp } from "../disk/file-stamp.ts";
import { withReadableFile } from "../disk/read-file.ts";
import type { Fill } from "../disk/write-file.ts";

/** Where a session stands. */
export interface Place {
  readonly id: SessionId;
  readonly path: string;
}

/**
 * Brings the bytes of a session file, whatever they are, to where `put` lets a file be written, and compares
 * what then stands there with what stands here.
 *
 * @throws {SessionError} not_found; conflict when somebody writes to it meanwhile; io when other bytes
 * arrive.
 */
export async function copyRaw(from: Place, to: Place, put: (fill: Fill) => Promise<void>): Promise<void> {
  let copied = "";
  await put(async (descriptor) => {
    const writer = new SequentialWriter(to.path, descriptor);
    copied = await digest(from, (bytes) => writer.write(bytes));
    // File times are coarse in places: bytes that are the same twice were not being written.
    if ((await digest(from)) !== copied) throw concurrentChange(from.id);
  });
  if ((await digest(to)) === copied) return;
  throw new SessionError("io", `${to.path} does not hold what was written to it. Check that disk.`, {
    details: { sessionId: to.id, path: to.path },
  });
}

/**
 * Do both stand in the same bytes? @throws {SessionError} not_found; conflict when somebody writes to one
 * meanwhile.
 */
export async function isSameFile(one: Place, other: Place): Promise<boolean> {
  return (await digest(one)) === (await digest(other));
}

/**
 * The checksum of the bytes of the file. @param onBytes is given them; the buffer holds others afterwards.
 */
async function digest({ id, path }: Place, onBytes: (bytes: Buffer) => void = () => {}): Promise<string> {
  const hash = createHash("sha256");
  const look = () => {
    const info = withReadableFile(path, (file) => file.info);
    if (!info) throw notFound(id);
    return info;
  };
  const before = look();
  const isSame = (file: { info: typeof before }) => sameFile(file.info, before);
  const isWhole = await readRange(path, { start: 0, end: before.size }, isSame, (bytes) => {
    hash.update(bytes);
    onBytes(bytes);
  });
  if (!isWhole || !sameStamp(look(), before)) throw concurrentChange(id);
  return hash.digest("base64url");
}

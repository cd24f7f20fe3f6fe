import { join } from "node:path";
import { notFound, SessionError, type SessionId } from "@thulp-sessions/core";
import { Damage } from "./damage.ts";
import { type FileStamp, readBytes, sameStamp, stampOf } from "./disk.ts";
import { type SessionScan, scanSession } from "./session-scan.ts";
import { catchUp, damageError, type SessionState, stateOf } from "./session-state.ts";

/** How many entries the remembered states may have in all; each takes about 100 bytes. */
const MAX_REMEMBERED_ENTRIES = 500_000;

/** The session files of a folder, and what is remembered of them. A state is used only if the file still is what it was. */
export class SessionFiles {
  readonly folder: string;
  /** In the order of use, the least recent first. */
  readonly #states = new Map<SessionId, { readonly state: SessionState; readonly entryCount: number }>();
  #rememberedEntries = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  pathOf(id: SessionId): string {
    return join(this.folder, `${id}.json`);
  }

  /**
   * What the file is now.
   *
   * @throws {SessionError} not_found; unsupported when it is no regular file.
   */
  stamp(id: SessionId): FileStamp & { readonly mode: number } {
    const path = this.pathOf(id);
    const stamp = stampOf(path);
    if (!stamp) throw notFound(id);
    if (stamp.kind !== "file") throw notAFile(path, id, stamp.kind);
    return stamp;
  }

  /**
   * The state of the file as it is now.
   *
   * @throws {SessionError} not_found; corrupt or unsupported when not even the metadata can be read.
   */
  state(id: SessionId): SessionState {
    const stamp = this.stamp(id);
    const known = this.#states.get(id)?.state;
    if (known?.settled && sameStamp(known.stamp, stamp)) return this.remember(id, known);
    this.forget(id);
    const extended = known && catchUp(known, stamp);
    return this.remember(id, extended ?? this.#read(id));
  }

  /** The bytes of the whole file with what stands where in them. @throws {SessionError} as `state` */
  scan(id: SessionId): { readonly bytes: Buffer; readonly stamp: FileStamp; readonly scan: SessionScan } {
    this.stamp(id);
    const path = this.pathOf(id);
    const read = readBytes(path);
    if (!read) throw notFound(id);
    return withDamage(path, id, () => ({ ...read, scan: scanSession(read.bytes) }));
  }

  #read(id: SessionId): SessionState {
    const path = this.pathOf(id);
    const read = readBytes(path);
    if (!read) throw notFound(id);
    return withDamage(path, id, () => stateOf(path, id, read.bytes, read.stamp));
  }

  /** Also after a write, since then the state has grown. */
  remember(id: SessionId, state: SessionState): SessionState {
    this.forget(id);
    const { entryCount } = state.counts;
    this.#states.set(id, { state, entryCount });
    this.#rememberedEntries += entryCount;
    for (const oldest of this.#states.keys()) {
      if (this.#rememberedEntries <= MAX_REMEMBERED_ENTRIES || oldest === id) break;
      this.forget(oldest);
    }
    return state;
  }

  forget(id: SessionId): void {
    const known = this.#states.get(id);
    if (!known) return;
    this.#states.delete(id);
    this.#rememberedEntries -= known.entryCount;
  }

  clear(): void {
    this.#states.clear();
    this.#rememberedEntries = 0;
  }
}

function withDamage<T>(path: string, id: SessionId, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Damage) throw damageError(path, id, error);
    throw error;
  }
}

function notAFile(path: string, sessionId: SessionId, kind: string): SessionError {
  return new SessionError(
    "unsupported",
    `${path} is ${kind === "link" ? "a symbolic link" : "not a regular file"}: sessions are kept in regular files only.`,
    { details: { sessionId, path } },
  );
}

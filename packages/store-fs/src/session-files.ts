import { join } from "node:path";
import { notFound, SessionError, type SessionId } from "@thulp-sessions/core";
import { Damage } from "./damage.ts";
import { type FileStamp, readBytes, sameStamp, stampOf } from "./disk.ts";
import { type SessionScan, scanSession } from "./session-scan.ts";
import { catchUp, damageError, type SessionState, stateOf } from "./session-state.ts";

/** How much the remembered states may take in all, roughly; and what an entry and a state take beside the header. */
const MAX_REMEMBERED_BYTES = 64 * 1024 * 1024;
const BYTES_PER_ENTRY = 128;
const BYTES_PER_STATE = 2_048;

interface ReadFile {
  readonly bytes: Buffer;
  readonly stamp: FileStamp;
}

/** The session files of a folder, and what is remembered of them. A state is used only if the file still is what it was. */
export class SessionFiles {
  readonly folder: string;
  /** In the order of use, the least recent first. */
  readonly #states = new Map<SessionId, { readonly state: SessionState; readonly weight: number }>();
  #rememberedBytes = 0;

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
    return this.remember(id, extended ?? this.#stateOf(id, this.#read(id), known));
  }

  /** The same with all bytes of the file. @throws {SessionError} as `state` */
  stateAndBytes(id: SessionId): { readonly state: SessionState; readonly bytes: Buffer } {
    const known = this.state(id);
    const read = this.#read(id);
    const state = sameStamp(read.stamp, known.stamp)
      ? known
      : this.remember(id, this.#stateOf(id, read, known));
    return { state, bytes: read.bytes };
  }

  /** The bytes of the whole file with what stands where in them. @throws {SessionError} as `state` */
  scan(id: SessionId): { readonly bytes: Buffer; readonly stamp: FileStamp; readonly scan: SessionScan } {
    this.stamp(id);
    const path = this.pathOf(id);
    const read = readBytes(path);
    if (!read) throw notFound(id);
    return withDamage(path, id, () => ({ ...read, scan: scanSession(read.bytes) }));
  }

  #read(id: SessionId): ReadFile {
    const read = readBytes(this.pathOf(id));
    if (!read) throw notFound(id);
    return read;
  }

  /** @param before what was known of the file until now. */
  #stateOf(id: SessionId, { bytes, stamp }: ReadFile, before: SessionState | undefined): SessionState {
    const path = this.pathOf(id);
    const state = withDamage(path, id, () => stateOf(path, id, bytes, stamp));
    const had = before?.counts.entryCount ?? 0;
    const has = state.counts.entryCount;
    if (!state.torn || (has >= had && !before?.damage)) return state;
    // A crash takes nothing away that was there: somebody else has cut the file short, now or before the last look.
    const { start } = state.torn;
    const damage = before?.damage ?? new Damage(`${had - has} of ${had} entries are missing`, start);
    return { ...state, torn: null, damage };
  }

  /** Also after a write, since then the state has grown. */
  remember(id: SessionId, state: SessionState): SessionState {
    this.forget(id);
    const weight = state.counts.entryCount * BYTES_PER_ENTRY + state.entriesStart * 2 + BYTES_PER_STATE;
    this.#states.set(id, { state, weight });
    this.#rememberedBytes += weight;
    for (const oldest of this.#states.keys()) {
      if (this.#rememberedBytes <= MAX_REMEMBERED_BYTES || oldest === id) break;
      this.forget(oldest);
    }
    return state;
  }

  forget(id: SessionId): void {
    const known = this.#states.get(id);
    if (!known) return;
    this.#states.delete(id);
    this.#rememberedBytes -= known.weight;
  }

  clear(): void {
    this.#states.clear();
    this.#rememberedBytes = 0;
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

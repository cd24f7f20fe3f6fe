import { join } from "node:path";
import { SessionError, type SessionId } from "@thulp-sessions/core";
import { notFound } from "@thulp-sessions/core/store";
import { type FileStamp, isStillOpen, sameFile, sameStamp, stampOf } from "../disk/file-stamp.ts";
import { readBytes } from "../disk/read-file.ts";
import { type SessionScan, scanSession } from "../format/file-scan.ts";
import { Damage } from "../format/format-error.ts";
import { catchUp, damageError, readState, type SessionState } from "./session-state.ts";

/** How much the states of all sessions may take together; the one in use is kept, however large. */
const MAX_REMEMBERED_BYTES = 64 * 1024 * 1024;

/** What a state takes beside its index and its header, roughly. */
const BYTES_PER_STATE = 2_048;

/** The session files of a folder, and what is remembered of them. A state is used only if the file still is what it was. */
export class SessionFiles {
  readonly folder: string;
  /** In the order of use, the least recent first. */
  readonly #states = new Map<SessionId, { state: SessionState; weight: number }>();
  /** The last of them. */
  #latest: SessionId | undefined;
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
  stamp(id: SessionId, path = this.pathOf(id)): FileStamp {
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
    const known = this.#states.get(id)?.state;
    const stamp = this.stamp(id, known?.path);
    if (known?.settled && sameStamp(known.stamp, stamp)) return this.remember(id, known);
    this.forget(id);
    const extended = known && catchUp(known, stamp);
    return this.remember(id, extended ?? this.#readState(id, known));
  }

  /**
   * The same while the file is open, as it is from one append to the next: what happens to the file, its being moved and
   * removed included, shows in the stamp.
   *
   * @throws {SessionError} as `state`
   */
  stateOfOpen(id: SessionId, descriptor: number): SessionState {
    const known = this.#states.get(id)?.state;
    const same = known?.settled && isStillOpen(known.path, descriptor, known.stamp);
    return same ? known : this.state(id);
  }

  /** The bytes of the whole file with what stands where in them. @throws {SessionError} as `state` */
  scan(id: SessionId): { readonly bytes: Buffer; readonly stamp: FileStamp; readonly scan: SessionScan } {
    this.stamp(id);
    const path = this.pathOf(id);
    const read = readBytes(path);
    if (!read) throw notFound(id);
    return withDamage(path, id, () => ({ ...read, scan: scanSession(read.bytes) }));
  }

  /** @param before what was known of the file until now. */
  #readState(id: SessionId, before: SessionState | undefined): SessionState {
    const path = this.pathOf(id);
    const state = withDamage(path, id, () => readState(path, id));
    if (!state) throw notFound(id);
    return compared(state, before);
  }

  /** Also after a write, since then the state has grown. */
  remember(id: SessionId, state: SessionState): SessionState {
    const weight = state.index.byteLength + state.entriesStart * 2 + BYTES_PER_STATE;
    const known = this.#states.get(id);
    if (known && this.#latest === id) {
      this.#rememberedBytes += weight - known.weight;
      known.state = state;
      known.weight = weight;
    } else {
      this.forget(id);
      this.#states.set(id, { state, weight });
      this.#rememberedBytes += weight;
      this.#latest = id;
    }
    if (this.#rememberedBytes > MAX_REMEMBERED_BYTES) {
      for (const oldest of this.#states.keys()) {
        if (this.#rememberedBytes <= MAX_REMEMBERED_BYTES || oldest === id) break;
        this.forget(oldest);
      }
    }
    return state;
  }

  forget(id: SessionId): void {
    const known = this.#states.get(id);
    if (!known) return;
    this.#states.delete(id);
    this.#rememberedBytes -= known.weight;
    if (this.#latest === id) this.#latest = undefined;
  }

  /** How much memory the states of all sessions take together, roughly. */
  get rememberedBytes(): number {
    return this.#rememberedBytes;
  }

  clear(): void {
    this.#states.clear();
    this.#rememberedBytes = 0;
  }
}

/** A crash takes nothing away that was there: then somebody else has cut the file short, now or before the last look. */
function compared(state: SessionState, before: SessionState | undefined): SessionState {
  if (!state.torn || !before || !sameFile(state.stamp, before.stamp)) return state;
  const had = before.counts.entryCount;
  const has = state.counts.entryCount;
  if (has >= had && !before.damage) return state;
  const { start } = state.torn;
  const damage = before.damage ?? new Damage(`${had - has} of ${had} entries are missing`, start);
  return { ...state, torn: null, damage };
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

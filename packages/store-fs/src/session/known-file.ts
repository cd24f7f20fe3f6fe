import { SessionError, type SessionId } from "@thulp-sessions/core";
import { notFound } from "@thulp-sessions/core/store";
import type { FileClock } from "../disk/file-clock.ts";
import { type FileInfo, infoOf, isUnchangedAndNamed, sameFile, sameStamp } from "../disk/file-stamp.ts";
import { changedMeanwhile } from "../disk/io-error.ts";
import { closeFile } from "../disk/read-file.ts";
import { openInPlace } from "../disk/write-file.ts";
import { FormatError } from "../format/serde/format-error.ts";
import { catchUp } from "./grow-state.ts";
import { loadState } from "./load-state.ts";
import { damageError, type SessionState } from "./session-state.ts";

/** What is remembered of one session file, used only while the file is what it was, and its descriptor. */
export class KnownFile {
  readonly id: SessionId;
  readonly path: string;
  readonly #clock: FileClock;
  readonly #onSeen: (id: SessionId) => void;
  #state: SessionState | undefined;
  /** Open while the lock is held, from the first write in place on. */
  #open: { readonly descriptor: number; readonly info: FileInfo } | undefined;

  /** @param onSeen called when another process may have changed the file, or removed it. */
  constructor(id: SessionId, path: string, clock: FileClock, onSeen: (id: SessionId) => void) {
    this.id = id;
    this.path = path;
    this.#clock = clock;
    this.#onSeen = onSeen;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Is anything remembered? Whether it still counts only a look at the file says. */
  get isKnown(): boolean {
    return this.#state !== undefined;
  }

  /** How much memory the state takes beside its object, roughly. */
  get byteLength(): number {
    return this.#state ? this.#state.index.byteLength + this.#state.entriesStart * 2 : 0;
  }

  remember(state: SessionState): void {
    this.#state = state;
  }

  forget(): void {
    this.#state = undefined;
  }

  /** What the file is now. @throws {SessionError} not_found; unsupported when it is no regular file. */
  look(): FileInfo {
    const info = infoOf(this.path);
    if (!info) this.#onSeen(this.id);
    if (!info) throw notFound(this.id);
    if (info.kind !== "file") throw notAFile(this.path, this.id, info.kind);
    return info;
  }

  /**
   * The state of the file as it is now.
   *
   * @throws {SessionError} not_found; corrupt or unsupported when not even the metadata can be read.
   */
  current(): SessionState {
    const known = this.#state;
    this.#state = undefined;
    const info = this.look();
    if (known && !known.racy && sameStamp(known.info, info)) {
      this.#state = known;
      return known;
    }
    this.#onSeen(this.id);
    this.#state = known && catchUp(this.path, known) ? known : this.#load(known);
    return this.#state;
  }

  /**
   * The same for a write, without looking for the path where the open file shows that it was replaced, moved,
   * removed.
   */
  currentForWrite(): SessionState {
    const known = this.#state;
    const canTell = this.#open && this.#clock.isFine && known && !known.racy;
    return canTell && isUnchangedAndNamed(this.path, this.#open?.descriptor as number, known.info)
      ? known
      : this.current();
  }

  /**
   * The file of the state, open for writing in place. @throws {SessionError} io; busy when it is another one
   * by now.
   */
  descriptor(state: SessionState): number {
    if (this.#open && sameFile(this.#open.info, state.info)) return this.#open.descriptor;
    this.close();
    const opened = openInPlace(this.path);
    this.#open = opened;
    if (!sameStamp(opened.info, state.info)) throw changedMeanwhile(this.path);
    return opened.descriptor;
  }

  close(): void {
    if (this.#open) closeFile(this.#open.descriptor);
    this.#open = undefined;
  }

  /** @param before what was known of the file until now. */
  #load(before: SessionState | undefined): SessionState {
    try {
      const state = loadState(this.path, this.id);
      if (!state) throw notFound(this.id);
      return comparedWith(before, state);
    } catch (error) {
      if (error instanceof FormatError) throw damageError(this.path, this.id, error);
      throw error;
    }
  }
}

/**
 * A crash removes nothing that was there: then another program has cut the file short, now or before the last
 * look.
 */
function comparedWith(before: SessionState | undefined, state: SessionState): SessionState {
  if (state.tail?.kind !== "torn" || !before || !sameFile(state.info, before.info)) return state;
  const wasCutOnPurpose = before.fixed?.changedAt !== state.fixed?.changedAt;
  const missing = before.counts.entryCount - state.counts.entryCount;
  if (wasCutOnPurpose || (missing <= 0 && !before.damage)) return state;
  const reason = `${missing} of ${before.counts.entryCount} entries are missing`;
  const damage = before.damage ?? new FormatError(reason, state.tail.start);
  return { ...state, tail: null, damage };
}

function notAFile(path: string, sessionId: SessionId, kind: string): SessionError {
  return new SessionError(
    "unsupported",
    `${path} is ${kind === "link" ? "a symbolic link" : "not a regular file"}: sessions are kept in regular files only.`,
    { details: { sessionId, path } },
  );
}

import { setImmediate } from "node:timers/promises";
import {
  type AppendOptions,
  type AppendResult,
  type Session,
  type SessionEntry,
  SessionError,
  type SessionHead,
  type SessionId,
} from "@thulp-sessions/core";
import { alreadyExists, nextUpdatedAt, versionConflict, type Warnings } from "@thulp-sessions/core/store";
import { type FileStamp, sameFile, sameStamp, stampOf } from "../disk/file-stamp.ts";
import { changedMeanwhile, io, isErrno } from "../disk/io-error.ts";
import { keepAside } from "../disk/quarantine.ts";
import { closeFile, readBytes } from "../disk/read-file.ts";
import {
  createFile,
  cutFile,
  type Durability,
  type Fill,
  openInPlace,
  removeFile,
  replaceFile,
  syncData,
  syncFolder,
  writeFully,
} from "../disk/write-file.ts";
import { CLOSING, UPDATED_AT_OFFSET, updatedAtBytes } from "../format/canonical-layout.ts";
import { newFile, type Rewrite, rewrite, rewriteEntries } from "../format/encode-file.ts";
import type { SessionScan } from "../format/file-scan.ts";
import type { LockFolder } from "../lock/session-lock.ts";
import { type AppendCall, type AppendOutcome, appendCalls, syncOnce } from "./append-group.ts";
import { SerialQueue } from "./keyed-queue.ts";
import type { SessionFiles } from "./session-cache.ts";
import { damageError, headOf, type SessionState, stateOf, versionOf } from "./session-state.ts";

// Longer than most files: every kind of write shares one lock, one set of open files and one answer to a disk that fails.

const NEW_FILE_MODE = 0o600;

/** How many calls go out in one write at most: each may bring 16 MiB and more. */
const MAX_GROUP = 64;

/** How long appends may follow each other before timers and other events of the process get their turn, in ms. */
const LONGEST_RUN_MS = 2;

/** Told of every change after it is on the disk; the stamp is absent when the session is gone. */
export type OnWritten = (type: "created" | "changed" | "deleted", id: SessionId, stamp?: FileStamp) => void;

/** Everything that writes session files: one writer at a time for each session, in this process and in others. */
export class SessionWriter {
  readonly #files: SessionFiles;
  readonly #locks: LockFolder;
  readonly #durability: Durability;
  readonly #warnings: Warnings;
  readonly #onWritten: OnWritten;
  readonly #turns = new SerialQueue();
  readonly #waitingAppends = new Map<SessionId, AppendCall[]>();
  /** Appends that have been written but not been brought to the disk yet. */
  readonly #appending = new Map<SessionId, Promise<void>>();
  /** Sessions of which a write or a sync has failed, until their file was written anew. */
  readonly #unsynced = new Set<SessionId>();
  /** Of the sessions whose lock is held. */
  readonly #openFiles = new Map<SessionId, { readonly descriptor: number; readonly stamp: FileStamp }>();
  /** When other events had their turn for the last time. */
  #turnAt = 0;

  constructor(
    files: SessionFiles,
    locks: LockFolder,
    durability: Durability,
    warnings: Warnings,
    onWritten: OnWritten,
  ) {
    this.#files = files;
    this.#locks = locks;
    this.#durability = durability;
    this.#warnings = warnings;
    this.#onWritten = onWritten;
  }

  create(session: Session): Promise<SessionHead> {
    const { id } = session.metadata;
    return this.#alone(id, async () => {
      const path = this.#files.pathOf(id);
      if (stampOf(path)) {
        // What an earlier call has left that failed, and could not take back: now it is told of, so it has to last.
        if (this.#unsynced.has(id)) await this.#writeAnew(id);
        throw alreadyExists(id);
      }
      const bytes = newFile(session);
      const stamp = await createFile(path, bytes, {
        mode: NEW_FILE_MODE,
        durability: this.#durability,
        exactTimes: this.#locks.exactTimes,
      }).catch((error) => {
        if (error instanceof SessionError && isErrno(error.cause, "EEXIST")) throw alreadyExists(id);
        this.#distrust(id, error);
      });
      this.#unsynced.delete(id);
      return headOf(this.#written("created", id, bytes, stamp));
    });
  }

  /**
   * Puts a file in place that `fill` writes, which holds a session and is not looked at here.
   *
   * @param expectedVersion of the session whose place it takes; absent where there is none.
   * @throws {SessionError} already_exists; not_found, conflict; what `fill` throws
   */
  put(id: SessionId, fill: Fill, expectedVersion?: string): Promise<void> {
    return this.#alone(id, async () => {
      const path = this.#files.pathOf(id);
      const options = { durability: this.#durability, exactTimes: this.#locks.exactTimes };
      if (expectedVersion === undefined) {
        if (stampOf(path)) throw alreadyExists(id);
        const created = await createFile(path, fill, { ...options, mode: NEW_FILE_MODE });
        this.#onWritten("created", id, created);
        return;
      }
      const { stamp } = await this.#writable(id, expectedVersion);
      const { mode } = this.#files.stamp(id);
      this.#files.forget(id);
      this.#closeFile(id);
      const replaced = await replaceFile(path, fill, {
        ...options,
        mode,
        beforeRename: () => this.#checkUnchanged(id, stamp),
      });
      this.#unsynced.delete(id);
      this.#onWritten("changed", id, replaced);
    });
  }

  /** @param plan what shall become of the session; `null` for nothing. */
  change(
    id: SessionId,
    expectedVersion: string | undefined,
    plan: (state: SessionState) => Rewrite | null,
  ): Promise<SessionHead> {
    return this.#alone(id, async () => {
      const state = await this.#writable(id, expectedVersion);
      const planned = plan(state);
      if (!planned) {
        await syncOnce(state, {
          durability: this.#durability,
          descriptor: () => this.#descriptor(id, state),
        }).catch((error) => this.#distrust(id, error));
        return headOf(state);
      }
      return headOf(await this.#replaceFile(id, state, (bytes, scan) => rewrite(bytes, scan, planned)));
    });
  }

  replace(session: Session, expectedVersion: string | undefined): Promise<SessionHead> {
    const { id } = session.metadata;
    return this.#alone(id, async () => {
      const state = await this.#writable(id, expectedVersion);
      const updatedAt = nextUpdatedAt(state.metadata, session.metadata.updatedAt);
      const replacement = { ...session, metadata: { ...session.metadata, updatedAt } };
      return headOf(
        await this.#replaceFile(id, state, (bytes, scan) => rewriteEntries(bytes, scan, replacement)),
      );
    });
  }

  append(id: SessionId, entries: readonly SessionEntry[], options: AppendOptions): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const call: AppendCall = { entries, options, resolve, reject };
      const waiting = this.#waitingAppends.get(id);
      if (waiting) waiting.push(call);
      else this.#startAppending(id, [call]);
    });
  }

  /** What this throws concerns the first call alone: no other could come yet. */
  #startAppending(id: SessionId, calls: AppendCall[]): void {
    this.#waitingAppends.set(id, calls);
    const appending = this.#alone(id, () => this.#appendWaiting(id, calls));
    if (!(appending instanceof Promise)) return;
    appending.catch((error) => {
      if (this.#waitingAppends.get(id) === calls) this.#waitingAppends.delete(id);
      for (const { reject } of calls) reject(error);
    });
  }

  /**
   * Those whose last call has just been answered call again before others have had their turn: they go along. Where nothing
   * is synced there is little to share; then only the events of the process have to get their turn.
   */
  #appendWaiting(id: SessionId, calls: AppendCall[]): void | Promise<void> {
    const goOn = (): void | Promise<void> => {
      this.#waitingAppends.delete(id);
      return this.#appendAll(id, calls);
    };
    const now = performance.now();
    return this.#durability === "full" || now - this.#turnAt > LONGEST_RUN_MS
      ? this.#othersTurn(now).then(goOn)
      : goOn();
  }

  /** A damaged session is removed too; what a crash has left beside it stays. */
  delete(id: SessionId, expectedVersion: string | undefined): Promise<boolean> {
    return this.#alone(id, async () => {
      const path = this.#files.pathOf(id);
      if (!stampOf(path)) {
        // Whoever has removed it may have ended before that was on the disk.
        await syncFolder(this.#files.folder, this.#durability);
        return false;
      }
      // A folder or a link of that name is not ours to remove.
      this.#files.stamp(id);
      if (expectedVersion !== undefined) {
        const version = versionOf(this.#files.state(id));
        if (version !== expectedVersion) throw versionConflict(id, version);
      }
      this.#files.forget(id);
      this.#closeFile(id);
      await removeFile(path, this.#durability);
      this.#unsynced.delete(id);
      this.#onWritten("deleted", id);
      return true;
    });
  }

  #alone<T>(id: SessionId, work: () => Promise<T>): Promise<T>;
  #alone<T>(id: SessionId, work: () => T | Promise<T>): T | Promise<T>;
  #alone<T>(id: SessionId, work: () => T | Promise<T>): T | Promise<T> {
    return this.#turns.run(id, () => this.#locks.hold(id, work, { onRelease: () => this.#closeFile(id) }));
  }

  /** Until every call that can be made without waiting for anything has been made; now and then for events too. */
  async #othersTurn(now: number): Promise<void> {
    if (now - this.#turnAt < LONGEST_RUN_MS) {
      await new Promise<void>((resolve) => process.nextTick(resolve));
    } else {
      await setImmediate();
      this.#turnAt = performance.now();
    }
  }

  /** What is on the disk now has to be looked at anew, and what the system still holds of it is not to be trusted. */
  #distrust(id: SessionId, error: unknown): never {
    this.#files.forget(id);
    this.#closeFile(id);
    this.#unsynced.add(id);
    throw error;
  }

  /** The file of the state, which stays open as long as the lock is held. */
  #descriptor(id: SessionId, state: SessionState): number {
    const known = this.#openFiles.get(id);
    if (known && sameFile(known.stamp, state.stamp)) return known.descriptor;
    this.#closeFile(id);
    const opened = openInPlace(state.path);
    this.#openFiles.set(id, opened);
    if (!sameStamp(opened.stamp, state.stamp)) throw changedMeanwhile(state.path);
    return opened.descriptor;
  }

  #closeFile(id: SessionId): void {
    const opened = this.#openFiles.get(id);
    if (!opened) return;
    this.#openFiles.delete(id);
    closeFile(opened.descriptor);
  }

  /**
   * Resolves when the append of ours that is under way has ended; `undefined` when there is none, and then only until the
   * next turn. Who reads waits for it: until then the file holds more than what is remembered of it, and more than what is
   * acknowledged.
   */
  appending(id: SessionId): Promise<void> | undefined {
    return this.#appending.get(id);
  }

  /** Waits for nothing that need not be waited for: at `relaxed` an append is done when this returns. */
  #appendAll(id: SessionId, calls: AppendCall[]): void | Promise<void> {
    while (calls.length > 0) {
      // What this throws concerns all that are left.
      const found = this.#state(id);
      const appending = this.#needsCare(id, found)
        ? this.#careFor(id, found).then((state) => this.#appendNext(id, state, calls))
        : this.#appendNext(id, found, calls);
      if (appending) return appending.then(() => this.#appendAll(id, calls));
    }
  }

  /** As many calls as can go out together. */
  #appendNext(id: SessionId, state: SessionState, calls: AppendCall[]): void | Promise<void> {
    const appending = this.#appendGroup(id, state, takeGroup(calls, state));
    if (!appending) return;
    this.#appending.set(id, appending);
    return appending.finally(() => this.#appending.delete(id));
  }

  #appendGroup(id: SessionId, state: SessionState, group: readonly AppendCall[]): Promise<void> | undefined {
    const ended = (outcome: AppendOutcome): void => {
      if (outcome === "in place") {
        // While the disk was at work others had their turn.
        if (this.#durability === "full") this.#turnAt = performance.now();
        this.#files.remember(id, state);
        this.#onWritten("changed", id, state.stamp);
      } else if (outcome === "failed") {
        this.#files.forget(id);
        this.#unsynced.add(id);
      }
    };
    const outcome = appendCalls(state, group, {
      id,
      durability: this.#durability,
      exactTimes: this.#locks.exactTimes,
      descriptor: () => this.#descriptor(id, state),
      rewrite: (planned) => this.#replaceFile(id, state, (bytes, scan) => rewrite(bytes, scan, planned)),
    });
    if (outcome instanceof Promise) return outcome.then(ended);
    ended(outcome);
    return undefined;
  }

  /**
   * The state of a session that may be written: undamaged, of the expected version, without a torn tail.
   *
   * @throws {SessionError} not_found, corrupt, unsupported, conflict
   */
  async #writable(id: SessionId, expectedVersion?: string): Promise<SessionState> {
    const state = this.#state(id);
    const version = versionOf(state);
    if (expectedVersion !== undefined && expectedVersion !== version) throw versionConflict(id, version);
    return this.#needsCare(id, state) ? this.#careFor(id, state) : state;
  }

  /** @throws {SessionError} not_found, corrupt, unsupported */
  #state(id: SessionId): SessionState {
    // Where times are exact the open file shows its being replaced, too: that spares looking for its path.
    const opened = this.#locks.exactTimes ? this.#openFiles.get(id) : undefined;
    const state = opened ? this.#files.stateOfOpen(id, opened.descriptor) : this.#files.state(id);
    if (state.damage) throw damageError(state.path, id, state.damage);
    return state;
  }

  #needsCare(id: SessionId, state: SessionState): boolean {
    return state.torn !== null || this.#unsynced.has(id);
  }

  async #careFor(id: SessionId, state: SessionState): Promise<SessionState> {
    if (state.torn) await this.#cutTornTail(id, state, state.torn.start);
    if (this.#unsynced.has(id)) await this.#writeAnew(id);
    return this.#state(id);
  }

  /**
   * After a failed sync the system may take pages for written that are not: a second sync would succeed without having
   * brought them to the disk. A new file with the same bytes has no such past.
   */
  async #writeAnew(id: SessionId): Promise<void> {
    const { bytes, stamp } = this.#files.scan(id);
    const { mode } = this.#files.stamp(id);
    this.#files.forget(id);
    await replaceFile(this.#files.pathOf(id), bytes, {
      mode,
      durability: this.#durability,
      exactTimes: this.#locks.exactTimes,
      beforeRename: () => this.#checkUnchanged(id, stamp),
    });
    this.#unsynced.delete(id);
  }

  #checkUnchanged(id: SessionId, before: FileStamp): void {
    if (!sameStamp(this.#files.stamp(id), before)) throw changedMeanwhile(this.#files.pathOf(id));
  }

  /** Keeps what a crash has left behind the last whole batch in a file of its own, and closes the session again. */
  async #cutTornTail(id: SessionId, state: SessionState, from: number): Promise<void> {
    const { path } = state;
    const tail = readBytes(path, from)?.bytes ?? Buffer.alloc(0);
    const kept = CLOSING.startsWith(tail.toString("latin1"))
      ? null
      : await keepAside(`${path}.torn-`, tail, this.#durability);
    this.#files.forget(id);
    try {
      const { descriptor, stamp } = openInPlace(path);
      try {
        if (!sameStamp(stamp, state.stamp)) throw changedMeanwhile(path);
        io(path, "cut", () => {
          writeFully(descriptor, updatedAtBytes(state.metadata.updatedAt), UPDATED_AT_OFFSET);
          cutFile(descriptor, from);
          writeFully(descriptor, Buffer.from(CLOSING), from);
        });
        if (this.#durability === "full") await syncData(path, descriptor);
      } finally {
        closeFile(descriptor);
      }
    } catch (error) {
      this.#distrust(id, error);
    }
    this.#warnings.emit({
      code: "corrupt",
      message:
        `Session ${id} ended in the middle of a write, as a crash leaves it before the call is acknowledged; ` +
        `${tail.length} bytes were cut off at byte ${from} of ${path}${kept ? ` and are kept in ${kept}` : ""}. ` +
        "If a program other than this one has cut the file short, look there for what is missing.",
      sessionId: id,
      path,
    });
  }

  /** Puts a new file in the place of the one that the state is of. */
  async #replaceFile(
    id: SessionId,
    state: SessionState,
    newBytes: (bytes: Buffer, scan: SessionScan) => Buffer,
  ): Promise<SessionState> {
    const { bytes, stamp, scan } = this.#files.scan(id);
    if (!sameStamp(stamp, state.stamp)) throw changedMeanwhile(state.path);
    const { mode } = this.#files.stamp(id);
    const replacement = newBytes(bytes, scan);
    this.#files.forget(id);
    // It is another file after that; and some systems replace no file that is open.
    this.#closeFile(id);
    const written = await replaceFile(state.path, replacement, {
      mode,
      durability: this.#durability,
      exactTimes: this.#locks.exactTimes,
      beforeRename: () => this.#checkUnchanged(id, stamp),
    }).catch((error) => this.#distrust(id, error));
    this.#unsynced.delete(id);
    return this.#written("changed", id, replacement, written);
  }

  #written(type: "created" | "changed", id: SessionId, bytes: Buffer, stamp: FileStamp): SessionState {
    const state = stateOf(this.#files.pathOf(id), id, bytes, stamp);
    const synced = this.#durability === "full";
    Object.assign(state, { settled: true, synced, nameSynced: synced });
    this.#files.remember(id, state);
    this.#onWritten(type, id, stamp);
    return state;
  }
}

/**
 * Takes calls from the front that can go out in one write. One that expects a version is planned on its own; so is one
 * that may change the status, and every call while the file has to be written anew.
 */
function takeGroup(calls: AppendCall[], state: SessionState): AppendCall[] {
  const alone = ({ options }: AppendCall) =>
    options.expectedVersion !== undefined || options.limits?.action === "end_session";
  const next = calls.findIndex(
    (call, i) => i > 0 && (!state.ours || alone(call) || alone(calls[0] as AppendCall)),
  );
  return calls.splice(0, Math.min(MAX_GROUP, next < 0 ? calls.length : next));
}

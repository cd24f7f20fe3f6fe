import type {
  AppendOptions,
  AppendResult,
  Session,
  SessionEntry,
  SessionHead,
  SessionId,
  WriteOptions,
} from "@thulp-sessions/core";
import {
  alreadyExists,
  appendResult,
  checkTruncate,
  epochAfterDrop,
  nextUpdatedAt,
  versionConflict,
} from "@thulp-sessions/core/store";
import { infoOf } from "../disk/file-stamp.ts";
import { changedMeanwhile } from "../disk/io-error.ts";
import { READ_TRIES } from "../disk/read-file.ts";
import { type Fill, removeFile, syncFolder } from "../disk/write-file.ts";
import { epochNumber } from "../file-text/epoch-number.ts";
import { FormatError } from "../format/serde/format-error.ts";
import {
  type AppendCall,
  encodeGroup,
  type PlannedCall,
  planGroup,
  rewriteOf,
  takeGroup,
} from "./append-group.ts";
import { FileReplaced } from "./entry-reader.ts";
import { FileWriter } from "./file-writer.ts";
import { canCutInPlace } from "./grow-state.ts";
import { KnownFile } from "./known-file.ts";
import type { Rewrite } from "./rewrite-file.ts";
import { damageError, headOfState, type SessionState, stateNames } from "./session-state.ts";
import type { SharedParts } from "./shared-parts.ts";

// One object for each session that is in use. Its states, and what changes them:
//
//   unknown   nothing is remembered of the file; `current` of the KnownFile reads it
//   known     what is remembered is what the file holds, as of the last look or write
//   locked    between the lease of #exclusive and its release: no other process writes
//   writing   a write in place has begun and is not on the disk yet: reads of this store wait for it
//   broken    a write or a sync has failed: nothing is remembered, and the next write makes a new file,
//             since the system may take pages of the old one for written that are not
//
// Every write is plan, encode, write, sync, apply, answer: only the last but one changes what is remembered.

/** One session: what is known of its file, and the one place that reads and writes it. */
export class SessionFile {
  readonly id: SessionId;
  readonly path: string;
  readonly #shared: SharedParts;
  readonly #known: KnownFile;
  readonly #writer: FileWriter;
  /** Ends when the last write that was asked for has ended. */
  #last: Promise<void> = Promise.resolve();
  #queued = 0;
  readonly #isSynced: boolean;
  /** Appends that wait for their turn and can still be joined. */
  #joinable: AppendCall[] | undefined;

  constructor(id: SessionId, path: string, shared: SharedParts) {
    this.id = id;
    this.path = path;
    this.#shared = shared;
    this.#isSynced = shared.durability === "full";
    this.#known = new KnownFile(id, path, shared.clock, shared.onSeen);
    this.#writer = new FileWriter(this.#known, shared);
  }

  /** There must not be another object for this session now. */
  get isInUse(): boolean {
    return this.#queued > 0 || this.#writer.mustRewrite || this.#known.isOpen;
  }

  get byteLength(): number {
    return this.#known.byteLength;
  }

  /** The file is not what it will be. */
  get isBeingWritten(): boolean {
    return this.#writer.writing !== undefined;
  }

  /**
   * Gives what `use` gives of the state of the file as it is now; again when another program has replaced the
   * file between the look and the read. `use` is synchronous, so that it sees the state and the file alike.
   *
   * @throws {SessionError} not_found, corrupt, unsupported, io; busy when the file keeps changing.
   */
  async read<T>(use: (state: SessionState) => T): Promise<T> {
    for (let tries = 1; ; tries++) {
      if (this.#shared.yielder.isDue()) await this.#shared.yielder.yieldToEventLoop();
      // No await between the last look at what is under way and the read.
      while (this.#writer.writing) await this.#writer.writing;
      try {
        const wasKnown = this.#known.isKnown;
        const state = this.#known.current();
        // Of a long file that had to be gone through, what is read comes in the next turn; but a racy one
        // would have to be gone through again.
        if (wasKnown || state.racy || !this.#shared.yielder.isDue()) return use(state);
      } catch (error) {
        // SyntaxError: of bytes that were checked before, so they are others now.
        if (![FileReplaced, FormatError, SyntaxError].some((kind) => error instanceof kind)) throw error;
        this.#known.forget();
        if (tries === READ_TRIES) throw changedMeanwhile(this.path);
        await this.#shared.yielder.yieldToEventLoop();
      }
    }
  }

  create(session: Session): Promise<SessionHead> {
    return this.#exclusive(async () => {
      if (infoOf(this.path)) {
        // What an earlier call has left that failed and could not be undone: now it is reported, so it has to
        // last.
        if (this.#writer.mustRewrite) await this.#writer.recovered(this.#known.current());
        throw alreadyExists(this.id);
      }
      return headOfState(this.path, await this.#writer.create(session));
    });
  }

  append(entries: readonly SessionEntry[], options: AppendOptions): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const call: AppendCall = { entries, options, resolve, reject };
      if (this.#joinable) {
        this.#joinable.push(call);
        return;
      }
      const calls = [call];
      this.#joinable = calls;
      this.#exclusive(() => this.#appendAll(calls)).catch((error) => {
        if (this.#joinable === calls) this.#joinable = undefined;
        for (const each of calls) each.reject(error);
      });
    });
  }

  /** @param plan what shall become of the session. */
  update(plan: (state: SessionState) => Rewrite, expectedVersion: string | undefined): Promise<SessionHead> {
    return this.#exclusive(async () => {
      const state = await this.#writable(expectedVersion);
      return headOfState(this.path, await this.#writer.rewrite(state, plan(state)));
    });
  }

  /** In place where a batch ends there, else by a new file. */
  truncate(entryCount: number, { at, expectedVersion }: WriteOptions): Promise<SessionHead> {
    return this.#exclusive(async () => {
      const state = await this.#writable(expectedVersion);
      checkTruncate(this.id, state.counts.entryCount, entryCount);
      if (entryCount === state.counts.entryCount) {
        await this.#writer.syncOnce(state);
        return headOfState(this.path, state);
      }
      const updatedAt = nextUpdatedAt(state.metadata, at);
      const { metadata, context } = state;
      const epoch = epochAfterDrop(state.epoch, entryCount, epochNumber());
      const after = canCutInPlace(this.path, state, entryCount)
        ? await this.#writer.truncateInPlace(state, entryCount, { updatedAt, epoch })
        : await this.#writer.rewrite(state, {
            metadata: { ...metadata, updatedAt },
            context,
            epoch,
            keep: entryCount,
            add: [],
          });
      return headOfState(this.path, after);
    });
  }

  replace(session: Session, expectedVersion: string | undefined): Promise<SessionHead> {
    return this.#exclusive(async () => {
      const state = await this.#writable(expectedVersion);
      const updatedAt = nextUpdatedAt(state.metadata, session.metadata.updatedAt);
      const replacement = { ...session, metadata: { ...session.metadata, updatedAt } };
      return headOfState(this.path, await this.#writer.replace(state, replacement));
    });
  }

  /**
   * Puts a file in place that `fill` writes, which holds a session and is not looked at here.
   *
   * @param expectedVersion of the session whose place it takes; absent where there is none.
   * @throws {SessionError} already_exists; not_found, conflict; what `fill` throws
   */
  put(fill: Fill, expectedVersion?: string): Promise<void> {
    return this.#exclusive(async () => {
      if (expectedVersion === undefined) {
        if (infoOf(this.path)) throw alreadyExists(this.id);
        this.#shared.onWritten("created", this.id, await this.#writer.createFile(fill));
      } else {
        const state = await this.#writable(expectedVersion);
        this.#shared.onWritten("changed", this.id, await this.#writer.replaceFile(state, fill));
      }
      this.#known.forget();
    });
  }

  /** A damaged session is removed too; what a crash has left beside it stays. */
  delete(expectedVersion: string | undefined): Promise<boolean> {
    return this.#exclusive(async () => {
      const { folder, durability, onWritten } = this.#shared;
      if (!infoOf(this.path)) {
        // The process that has removed it may have ended before that was on the disk.
        await syncFolder(folder, durability);
        return false;
      }
      // A folder or a link of that name is not ours to remove.
      this.#known.look();
      if (expectedVersion !== undefined) this.#checkVersion(this.#known.current(), expectedVersion);
      this.#known.forget();
      this.#known.close();
      await removeFile(this.path, durability);
      this.#writer.wasRemoved();
      onWritten("deleted", this.id);
      return true;
    });
  }

  async #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let end = (): void => {};
    this.#last = new Promise((resolve) => {
      end = resolve;
    });
    this.#queued++;
    try {
      await before;
      return await this.#shared.locks.hold(this.id, work, { onRelease: () => this.#known.close() });
    } finally {
      this.#queued--;
      end();
    }
  }

  async #appendAll(calls: AppendCall[]): Promise<void> {
    // Callers that were just answered call again before others have their turn: with a sync to share they go
    // out together.
    if (this.#isSynced) await new Promise<void>((resolve) => process.nextTick(resolve));
    this.#joinable = undefined;
    while (calls.length > 0) {
      const state = await this.#writer.recovered(this.#undamaged(this.#known.currentForWrite()));
      await this.#appendGroup(state, takeGroup(calls, state));
    }
  }

  /**
   * A call that is refused takes no other with it; none is answered before what it rests on is on the disk.
   */
  async #appendGroup(state: SessionState, calls: readonly AppendCall[]): Promise<void> {
    const { planned, refused } = planGroup(this.path, this.id, state, calls);
    try {
      const results = await this.#writeGroup(state, planned);
      for (const [i, { call }] of planned.entries()) call.resolve(results[i] as AppendResult);
      for (const { call, error } of refused) call.reject(error);
    } catch (error) {
      // Those that were refused too: a refusal may rest on an entry of the same write, which is not there
      // now.
      for (const { call } of [...planned, ...refused]) call.reject(error);
    }
  }

  async #writeGroup(state: SessionState, planned: readonly PlannedCall[]): Promise<readonly AppendResult[]> {
    const last = planned.at(-1)?.plan;
    if (!last || planned.every(({ plan }) => plan.isRepeat)) {
      await this.#writer.syncOnce(state);
      return planned.map(({ plan }) => appendResult(plan, stateNames(state)));
    }
    const rewrite = rewriteOf(state, planned, last);
    if (!rewrite) return this.#writer.appendInPlace(state, encodeGroup(state, planned));
    const after = await this.#writer.rewrite(state, rewrite);
    return planned.map(({ plan }) => appendResult(plan, stateNames(after)));
  }

  /**
   * The state of a session that may be written: undamaged, of the expected version, without a torn tail.
   *
   * @throws {SessionError} not_found, corrupt, unsupported, conflict
   */
  #writable(expectedVersion: string | undefined): Promise<SessionState> {
    const state = this.#undamaged(this.#known.currentForWrite());
    if (expectedVersion !== undefined) this.#checkVersion(state, expectedVersion);
    return this.#writer.recovered(state);
  }

  #undamaged(state: SessionState): SessionState {
    if (state.damage) throw damageError(this.path, this.id, state.damage);
    return state;
  }

  #checkVersion(state: SessionState, expectedVersion: string): void {
    const { version } = stateNames(state);
    if (version !== expectedVersion) throw versionConflict(this.id, version);
  }
}

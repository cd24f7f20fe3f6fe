import { crc32 } from "node:zlib";
import { type AppendResult, type Session, type SessionEntry, SessionError } from "@thulp-sessions/core";
import { alreadyExists, countEntries } from "@thulp-sessions/core/store";
import { type FileInfo, sameStamp } from "../disk/file-stamp.ts";
import { changedMeanwhile, isErrno } from "../disk/io-error.ts";
import { quarantine } from "../disk/quarantine.ts";
import { createFile, type Fill, replaceFile, syncData, syncFolder } from "../disk/write-file.ts";
import { CLOSING, type FixedHeader } from "../file-text/layout.ts";
import { EntryIndex } from "../format/entry-index.ts";
import { FormatError } from "../format/serde/format-error.ts";
import { applyGroup, type EncodedGroup } from "./append-group.ts";
import {
  addEntries,
  bytesSinceCheckpoint,
  dropEntries,
  holdsPartOfClosing,
  withUpdatedAt,
} from "./grow-state.ts";
import type { KnownFile } from "./known-file.ts";
import {
  type PreparedFile,
  prepareNew,
  prepareReplacement,
  prepareRewrite,
  type Rewrite,
  stateOfHeader,
} from "./rewrite-file.ts";
import type { SessionState } from "./session-state.ts";
import type { SharedParts } from "./shared-parts.ts";
import { cutEntries, undoGroup, writeGroup } from "./write-in-place.ts";

const NEW_FILE_MODE = 0o600;

const ignore = (): void => {};

/**
 * The steps of a write that touch the disk, under the session's lock: in place, or a new file. What is
 * remembered of the file changes only when the disk has what was written.
 */
export class FileWriter {
  readonly #known: KnownFile;
  readonly #shared: SharedParts;
  #writing: Promise<void> | undefined;
  #mustRewrite = false;

  constructor(known: KnownFile, shared: SharedParts) {
    this.#known = known;
    this.#shared = shared;
  }

  /** Ends with the write in place that is under way. */
  get writing(): Promise<void> | undefined {
    return this.#writing;
  }

  /** A write has failed: the system may take pages of the file for written that are not. */
  get mustRewrite(): boolean {
    return this.#mustRewrite;
  }

  /** @throws {SessionError} already_exists, io */
  async create(session: Session): Promise<SessionState> {
    const prepared = prepareNew(this.#known.path, session);
    const info = await this.createFile(prepared.fill);
    return this.#apply("created", info, prepared, session.entries);
  }

  async replace(state: SessionState, session: Session): Promise<SessionState> {
    const fill = this.#prepared(() => prepareReplacement(this.#known.path, state, session));
    return this.#reload(await this.replaceFile(state, fill));
  }

  appendInPlace(state: SessionState, encoded: EncodedGroup): Promise<readonly AppendResult[]> {
    return this.#inPlace(async () => {
      const { clock, durability } = this.#shared;
      const descriptor = this.#known.descriptor(state);
      const info = writeGroup({ path: this.#known.path, descriptor, clock }, state, encoded);
      if (durability === "full") {
        await syncData(this.#known.path, descriptor).catch((error) => {
          undoGroup(descriptor, state);
          throw error;
        });
        await this.#syncName(state);
      }
      const results = applyGroup(state, encoded);
      if (state.fixed?.truncated) state.fixed = { ...state.fixed, truncated: false };
      this.#written("changed", state, info);
      return results;
    });
  }

  truncateInPlace(
    state: SessionState,
    entryCount: number,
    { updatedAt, epoch }: Pick<FixedHeader, "updatedAt"> & { readonly epoch: string },
  ): Promise<SessionState> {
    return this.#inPlace(async () => {
      const { clock, durability } = this.#shared;
      const bytes = bytesSinceCheckpoint(this.#known.path, state, entryCount);
      const entriesEnd = state.entriesStart + (entryCount === 0 ? 0 : state.index.endOf(entryCount - 1));
      const fileSize = entriesEnd + CLOSING.length;
      const changedAt = updatedAt;
      const fixed: FixedHeader = { updatedAt, fileSize, changedAt, entriesEnd, truncated: true, epoch };
      const target = { path: this.#known.path, descriptor: this.#known.descriptor(state), clock };
      const info = await cutEntries(target, state, fixed, durability);
      await this.#syncName(state);
      dropEntries(state, entryCount, bytes);
      state.fixed = fixed;
      state.epoch = epoch;
      state.timedFrom = entriesEnd;
      state.metadata = withUpdatedAt(state.metadata, updatedAt);
      this.#written("changed", state, info);
      return state;
    });
  }

  /** Reads of this store wait until the write has ended; when it fails nothing is remembered of the file. */
  async #inPlace<T>(write: () => Promise<T>): Promise<T> {
    const writing = write();
    this.#writing = writing.then(ignore, ignore);
    try {
      return await writing;
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#writing = undefined;
    }
  }

  async rewrite(state: SessionState, change: Rewrite): Promise<SessionState> {
    const prepared = this.#prepared(() => prepareRewrite(this.#known.path, state, change));
    const isShorter = change.keep < state.index.count;
    const bytes = isShorter ? bytesSinceCheckpoint(this.#known.path, state, change.keep) : undefined;
    const info = await this.replaceFile(state, prepared.fill);
    if (!prepared.keepsBytes) return this.#reload(info);
    if (bytes) dropEntries(state, change.keep, bytes);
    return this.#apply("changed", info, prepared, change.add, state);
  }

  /** What the state says of the file was checked when it was made: now other bytes stand there. */
  #prepared<T>(prepare: () => T): T {
    try {
      return prepare();
    } catch (error) {
      if (error instanceof FormatError) throw changedMeanwhile(this.#known.path);
      throw error;
    }
  }

  async createFile(fill: Fill): Promise<FileInfo> {
    const { durability, clock } = this.#shared;
    try {
      const info = await createFile(this.#known.path, fill, { mode: NEW_FILE_MODE, durability, clock });
      this.#mustRewrite = false;
      return info;
    } catch (error) {
      if (error instanceof SessionError && isErrno(error.cause, "EEXIST"))
        throw alreadyExists(this.#known.id);
      return this.#fail(error);
    }
  }

  async replaceFile(state: SessionState, fill: Fill): Promise<FileInfo> {
    const { durability, clock } = this.#shared;
    // It is another file after that; and some systems replace no file that is open.
    this.#known.close();
    const beforeRename = (): void => {
      if (!sameStamp(this.#known.look(), state.info)) throw changedMeanwhile(this.#known.path);
    };
    try {
      const options = { mode: state.info.mode, durability, clock, beforeRename };
      const info = await replaceFile(this.#known.path, fill, options);
      this.#mustRewrite = false;
      return info;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /**
   * Takes a new file into what is remembered. @param before the state whose entries it kept, byte for byte.
   */
  #apply(
    type: "created" | "changed",
    info: FileInfo,
    { header, added, addedAt }: PreparedFile,
    add: readonly SessionEntry[],
    before?: SessionState,
  ): SessionState {
    const state: SessionState = {
      ...stateOfHeader(this.#known.id, header),
      timedFrom: addedAt + added.bytes.length,
      info,
      racy: false,
      synced: false,
      nameSynced: false,
      crc: before?.crc ?? 0,
      checkpoints: before?.checkpoints ?? [],
      index: before?.index ?? new EntryIndex(),
      plain: before?.plain ?? true,
      counts: before?.counts ?? countEntries([]),
      lastId: before?.lastId ?? "",
      tail: null,
      damage: null,
      head: null,
    };
    const placed = add.map(({ id, entryType }, i) => {
      const { start, end } = added.ranges[i] as { start: number; end: number };
      return { id, entryType, start: addedAt + start, end: addedAt + end };
    });
    addEntries(state, placed, crc32(added.bytes, state.crc), countEntries(add, state.counts));
    this.#written(type, state, info);
    state.nameSynced = state.synced;
    return state;
  }

  /** Reads a file that was just put in place. */
  #reload(info: FileInfo): SessionState {
    this.#known.forget();
    const state = this.#known.current();
    // Another program may have replaced it by now.
    if (!sameStamp(state.info, info)) return state;
    this.#written("changed", state, info);
    state.nameSynced = state.synced;
    return state;
  }

  #written(type: "created" | "changed", state: SessionState, info: FileInfo): void {
    state.info = info;
    state.racy = false;
    state.synced = this.#shared.durability === "full";
    this.#known.remember(state);
    this.#shared.onWritten(type, this.#known.id, info);
  }

  /**
   * What is on the disk now has to be looked at again, and what the system holds of it is not to be trusted.
   */
  #fail(error: unknown): never {
    this.#known.forget();
    this.#known.close();
    this.#mustRewrite = true;
    throw error;
  }

  /**
   * After a crash or a failed write: a new file that holds what counts. Bytes that a crash has left are kept
   * beside it.
   */
  async recovered(state: SessionState): Promise<SessionState> {
    const { tail, metadata, context, epoch, counts } = state;
    if (!tail && !this.#mustRewrite) return state;
    const isTorn = tail?.kind === "torn";
    const kept =
      isTorn && !holdsPartOfClosing(this.#known.path, tail)
        ? await quarantine(this.#known.path, ".torn-", tail, state.info, this.#shared.durability)
        : null;
    const after = await this.rewrite(state, { metadata, context, epoch, keep: counts.entryCount, add: [] });
    if (isTorn) {
      this.#shared.warnings.emit({
        code: "corrupt",
        message:
          `Session ${this.#known.id} ended in the middle of a write, as a crash leaves it before the call is acknowledged; ` +
          `${tail.end - tail.start} bytes were cut off at byte ${tail.start} of ${this.#known.path}` +
          `${kept ? ` and are kept in ${kept}` : ""}. ` +
          "If a program other than this one has cut the file short, look there for what is missing.",
        sessionId: this.#known.id,
        path: this.#known.path,
      });
    }
    return after;
  }

  /** A repeat is acknowledged only when the first writing, whichever process made it, is on the disk. */
  async syncOnce(state: SessionState): Promise<void> {
    if (this.#shared.durability !== "full") return;
    try {
      await this.#syncName(state);
      if (state.synced) return;
      await syncData(this.#known.path, this.#known.descriptor(state));
      state.synced = true;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The process that has renamed the file to its name may have ended before that was on the disk. */
  async #syncName(state: SessionState): Promise<void> {
    const { durability, folder } = this.#shared;
    if (state.nameSynced || durability !== "full") return;
    await syncFolder(folder, durability);
    state.nameSynced = true;
  }

  wasRemoved(): void {
    this.#mustRewrite = false;
  }
}

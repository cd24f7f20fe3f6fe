import { crc32 } from "node:zlib";
import type { SessionId } from "@thulp-sessions/core";
import { deepFreeze } from "@thulp-sessions/core/store";
import { isRacy } from "../disk/file-clock.ts";
import { sameStamp } from "../disk/file-stamp.ts";
import { READ_TRIES, withReadableFile } from "../disk/read-file.ts";
import { type ByteSource, ByteWindow } from "../format/byte-window.ts";
import { skipCanonicalEntry } from "../format/canonical-entry.ts";
import { NO_EPOCH } from "../format/canonical-layout.ts";
import { EntryIndex } from "../format/entry-index.ts";
import { FileWalker } from "../format/file-walker.ts";
import { decodeEntry, type EntrySpan } from "../format/serde/codec.ts";
import { FormatError } from "../format/serde/format-error.ts";
import { classifyTail } from "../format/torn-tail.ts";
import { catchUpWith } from "./grow-state.ts";
import {
  type Checkpoint,
  hashCanonicalHeader,
  hashOf,
  type SessionState,
  type Tail,
  timeOf,
} from "./session-state.ts";

const EMPTY = Buffer.alloc(0);

/** What follows from the bytes of a file alone. */
type Content = Omit<SessionState, "info" | "racy" | "synced" | "nameSynced" | "head">;

/**
 * Reads a session file once from front to back, with no more in memory than a stretch of it; `undefined` when
 * there is no file.
 *
 * @throws {FormatError} when not even the metadata can be read.
 */
export function loadState(path: string, id: SessionId): SessionState | undefined {
  return withReadableFile(path, (file) => {
    for (let tries = 1; ; tries++) {
      const { info } = file;
      const state: SessionState = {
        info,
        racy: isRacy(info.ctimeMs),
        synced: false,
        nameSynced: false,
        head: null,
        ...contentOf(id, new ByteWindow(file)),
      };
      if (sameStamp(info, file.look()) || tries === READ_TRIES) return state;
      // Where it has only grown meanwhile, what was read of it still counts: whoever reads a long session
      // anew each time never comes to an end beside a process that appends.
      const withoutTail = state.tail?.kind === "torn" ? { ...state, tail: null } : state;
      if (catchUpWith(path, file, withoutTail)) return withoutTail;
    }
  });
}

/** What the bytes behind a window hold. @throws {FormatError} when not even the metadata can be read. */
export function contentOf(id: SessionId, window: ByteWindow): Content {
  return new ContentReader(window).read(id);
}

/** Can all of a session be read, without damage and without a tail that has to be cut off? */
export function isIntact(source: ByteSource): boolean {
  const walker = new FileWalker(new ByteWindow(source), {
    readEntry: (scanner): EntrySpan => skipCanonicalEntry(scanner) ?? decodeEntry(scanner),
    onEntry: () => {},
  });
  return (
    walker.run() === null &&
    walker.metadata !== undefined &&
    walker.lost === "nothing" &&
    !walker.fixed?.truncated
  );
}

/**
 * Reads one file. What counts are the entries of whole batches; `#committed` says how many these are so far.
 */
class ContentReader {
  readonly #window: ByteWindow;
  readonly #walker: FileWalker<EntrySpan>;
  readonly #index = new EntryIndex();
  #plain = true;
  #committed = 0;
  #committedEnd = 0;
  /** A batch that a truncate was about to cut off has been met: nothing from there on counts. */
  #inLeftover = false;
  #lastBatchTime = -1;
  /** Behind the last entry that ends a batch without saying when. */
  #timedFrom = 0;
  /** Of the timestamps, where the times of the header are lost. */
  #latest = -1;
  #latestSeen = -1;
  #crc = 0;
  #crcEnd = -1;
  #committedCrc = 0;
  readonly #checkpoints: Checkpoint[] = [];

  constructor(window: ByteWindow) {
    this.#window = window;
    this.#walker = new FileWalker(this.#window, {
      // The decoder reads the timestamp too.
      readEntry: (scanner) =>
        (this.#walker.lost === "nothing" ? skipCanonicalEntry(scanner) : null) ?? decodeEntry(scanner),
      onEntry: (entry) => this.#add(entry),
      onSlide: () => this.#addToCrc(),
    });
  }

  /** @throws {FormatError} when not even the metadata can be read. */
  read(id: SessionId): Content {
    const walker = this.#walker;
    const damage = walker.run();
    if (!walker.metadata) throw damage ?? new FormatError('session: field "metadata" is missing', 0);
    const tail = this.#tailAfter(damage);
    const isCanonical = tail !== null || (damage === null && walker.isCanonical());
    if (!isCanonical) this.#commitAll();
    this.#addToCrc();
    this.#index.truncate(this.#committed);
    const counts = this.#index.counts();
    const hasLostTime = walker.lost === "all" || (walker.lost === "updated_at" && walker.fixed === null);
    const fixed = isCanonical && !hasLostTime ? walker.fixed : null;
    const { value } = walker.metadata;
    const updatedAt = fixed
      ? timeOf(fixed, tail ? -1 : this.#window.source.size, this.#lastBatchTime)
      : hasLostTime
        ? Math.max(value.createdAt, this.#latest)
        : value.updatedAt;
    return {
      metadata: deepFreeze({ ...value, updatedAt, id }),
      context: deepFreeze(walker.context.value),
      contextInexact: walker.context.inexact,
      fixed,
      epoch: walker.fixed?.epoch ?? NO_EPOCH,
      timedFrom: Math.max(fixed?.entriesEnd ?? 0, this.#timedFrom),
      entriesStart: walker.entriesStart,
      headerHash: fixed
        ? hashCanonicalHeader(walker.header, fixed)
        : hashOf(walker.header, tail || damage ? EMPTY : walker.tail),
      crc: this.#committedCrc,
      checkpoints: this.#checkpoints,
      index: this.#index,
      plain: this.#plain,
      counts,
      lastId: this.#index.lastId(),
      tail,
      damage: tail ? null : damage,
    };
  }

  #add(entry: EntrySpan): void {
    const { fixed, entriesStart } = this.#walker;
    if (this.#inLeftover) return;
    const end = this.#window.base + entry.end;
    const isNew = fixed !== null && end > fixed.entriesEnd;
    // Even where a truncate has not come to its end: its batches end together.
    if (fixed?.truncated && isNew && this.#walker.looksCanonical && isOlder(entry, fixed.changedAt)) {
      this.#inLeftover = true;
      return;
    }
    const start = this.#window.base + entry.start - entriesStart;
    this.#index.add(entry.id, entry.entryType.type, start, end - entriesStart, entry.inexact);
    this.#plain &&= entry.plain;
    if ("timestamp" in entry)
      this.#latestSeen = Math.max(this.#latestSeen, entry.timestamp as number, entry.batchTime);
    if (entry.more && this.#walker.looksCanonical) return;
    this.#committed = this.#index.count;
    this.#committedEnd = end;
    this.#latest = this.#latestSeen;
    if (isNew) this.#lastBatchTime = Math.max(this.#lastBatchTime, entry.batchTime);
    if (entry.batchTime < 0) this.#timedFrom = end;
  }

  /** What has to be cut off, `null` where nothing has: the file is whole, damaged or not in our layout. */
  #tailAfter(damage: FormatError | null): Tail | null {
    const { fixed, looksCanonical, entriesStart, lost } = this.#walker;
    const start = Math.max(this.#committedEnd, entriesStart);
    const tail = (kind: Tail["kind"]): Tail => ({ kind, start, end: this.#window.source.size });
    if (this.#inLeftover) return tail("leftover");
    if (!damage) return lost !== "nothing" && looksCanonical ? tail("torn") : null;
    if (!looksCanonical || entriesStart === 0 || start < (fixed?.entriesEnd ?? 0)) return null;
    const kind = classifyTail(this.#window.source, start, fixed?.truncated ? fixed.changedAt : -1);
    return kind === "damaged" ? null : tail(kind);
  }

  #commitAll(): void {
    this.#committed = this.#index.count;
    this.#committedEnd = this.#walker.lastEnd;
    this.#latest = this.#latestSeen;
  }

  #addToCrc(): void {
    const { entriesStart, lastEnd } = this.#walker;
    this.#crcEnd = Math.max(this.#crcEnd, entriesStart);
    if (this.#committedEnd >= this.#crcEnd) {
      this.#crcUpTo(this.#committedEnd);
      this.#committedCrc = this.#crc;
      this.#checkpoints.push({ entryCount: this.#committed, crc: this.#crc });
    }
    this.#crcUpTo(lastEnd);
  }

  #crcUpTo(end: number): void {
    const { bytes, base } = this.#window;
    if (end <= this.#crcEnd) return;
    this.#crc = crc32(bytes.subarray(this.#crcEnd - base, end - base), this.#crc);
    this.#crcEnd = end;
  }
}

/** Of a batch the last entry says how old it is; those before it are as old. */
function isOlder({ more, batchTime }: EntrySpan, changedAt: number): boolean {
  return !more && batchTime >= 0 && batchTime < changedAt;
}

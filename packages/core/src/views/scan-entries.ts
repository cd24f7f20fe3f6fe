import { Yielder } from "../async/yielder.ts";
import { concurrentChange } from "../model/errors.ts";
import type { SessionId } from "../model/ids.ts";
import type { StoredEntry } from "../model/model.ts";
import type { EntriesQuery, SessionStore } from "../store/session-store.ts";
import { type EntryEnvelope, envelopesOf } from "./envelopes.ts";

/** Entries read in one call: few, so that what a store does without a pause stays short. */
const PAGE = 250;

/** So many entries are looked at for those of some types in one call. */
const PART = 10_000;

/** What is scanned; `limit` is of one read. */
type ScanQuery = Omit<EntriesQuery, "cursor" | "last">;

/** So often a session is read again whose entries are dropped or replaced meanwhile. */
const MAX_ATTEMPTS = 5;

/** The entries are not those of one epoch. */
class EpochChanged extends Error {}

/** Reads entries of one epoch. */
export class EntryScan {
  readonly #store: SessionStore;
  readonly #id: SessionId;
  readonly #yielder = new Yielder();
  #epoch: string | undefined;

  constructor(store: SessionStore, id: SessionId, epoch?: string) {
    this.#store = store;
    this.#id = id;
    this.#epoch = epoch;
  }

  /** Of the session as it was read; empty before anything was. */
  get epoch(): string {
    return this.#epoch ?? "";
  }

  get yielder(): Yielder {
    return this.#yielder;
  }

  /** All entries of a query, in its order; others have their turn in between. */
  async *entries(query: ScanQuery): AsyncGenerator<StoredEntry, void, undefined> {
    for await (const part of this.#parts(query)) yield* this.#pages({ limit: PAGE, ...part });
  }

  /** The same without their contents, where nobody looks at these. */
  async *envelopes(query: ScanQuery): AsyncGenerator<EntryEnvelope, void, undefined> {
    const read = envelopesOf(this.#store);
    if (!read) return yield* this.entries(query);
    for await (const { types = null, direction = "asc", ...part } of this.#parts(query)) {
      let { after = -1, before = Number.MAX_SAFE_INTEGER } = part;
      for (let hasMore = true; hasMore; ) {
        const rows = await read(this.#id, { after, before, types, direction });
        this.#check(rows.epoch);
        for (const envelope of rows.items) {
          await this.#yielder.yieldIfDue();
          yield envelope;
        }
        const last = rows.items.at(-1);
        ({ hasMore } = rows);
        if (!last) break;
        if (direction === "asc") after = last.seq;
        else before = last.seq;
      }
    }
  }

  /**
   * A query for some types as queries for parts of the session: a store may look at all entries for the few
   * that it has to give, and holds up others meanwhile.
   */
  async *#parts(query: ScanQuery): AsyncGenerator<ScanQuery, void, undefined> {
    if (query.types === undefined) return yield query;
    const { entryCount, epoch } = await this.#store.head(this.#id);
    this.#check(epoch);
    const first = (query.after ?? -1) + 1;
    const end = Math.min(query.before ?? Number.MAX_SAFE_INTEGER, entryCount);
    for (let done = 0; done < end - first; done += PART) {
      const [from, to] =
        query.direction === "desc"
          ? [Math.max(first, end - done - PART), end - done]
          : [first + done, Math.min(end, first + done + PART)];
      yield { ...query, after: from - 1, before: to };
    }
  }

  async *#pages(query: ScanQuery): AsyncGenerator<StoredEntry, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await this.#store.readEntries(this.#id, { ...query, cursor });
      this.#check(page.epoch);
      for (const entry of page.items) {
        await this.#yielder.yieldIfDue();
        yield entry;
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  #check(epoch: string): void {
    this.#epoch ??= epoch;
    if (epoch !== this.#epoch) throw new EpochChanged();
  }
}

/**
 * Does work that reads a session in several calls, again from its start where entries were dropped or
 * replaced meanwhile: what it answers is of one epoch.
 *
 * @throws {SessionError} conflict where that happens again and again.
 */
export async function inOneEpoch<T>(id: SessionId, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof EpochChanged)) throw error;
      if (attempt === MAX_ATTEMPTS) throw concurrentChange(id);
    }
  }
}

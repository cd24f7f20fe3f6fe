import type { JsonValue, SessionError } from "@thulp-sessions/core";
import { contentStrings, indexText } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { corruptError } from "../connection/sqlite-errors.ts";
import { damagedIndex, usingIndex } from "./damaged-index.ts";
import { IndexMerges } from "./index-merges.ts";
import { LONG_CONTENT, LongEntries, type LongEntry } from "./long-entries.ts";
import { PassageRows } from "./passage-rows.ts";
import { LAST_SEQ, NAME_SEQ, rowidOf } from "./rowids.ts";

/**
 * Bounds on how long one step of indexing blocks the event loop: a number of rows, and of characters in them.
 */
const MAX_STEP_ROWS = 500;
const MAX_STEP_CHARACTERS = 1 << 17;

interface IndexRow {
  readonly sessionKey: number;
  readonly seq: number;
  /** The name, or the content as JSON. */
  readonly text: string;
}

/** An entry that waits to be indexed. */
interface WaitingEntry extends Omit<IndexRow, "text"> {
  readonly key: number;
  /** `null` where it is long. */
  readonly text: string | null;
}

/**
 * How a step ended. `more`: with rows that are left. `long`: with a long entry, which has to be prepared, or
 * of which passages are left; others should have their turn before. `done`: with nothing left.
 */
export type IndexStep = "more" | "long" | "done";

/** Keys of the last rows of `entries` and `sessions` that are indexed, or that exist. */
export interface IndexProgress {
  readonly entryKey: number;
  readonly sessionKey: number;
}

/**
 * The full-text index of entries and names (FTS5). What is added waits until `step` comes to it; what is
 * removed or renamed is changed in the index immediately.
 */
export class SearchIndex {
  readonly merges: IndexMerges;
  readonly #file: string;
  readonly #onDamaged: (error: SessionError) => void;
  readonly #sessionId;
  readonly #progress;
  readonly #target;
  readonly #entriesAfter;
  readonly #namesAfter;
  readonly #add;
  readonly #remove;
  readonly #setProgress;
  readonly #limitProgress;
  readonly #longEntries: LongEntries;
  readonly #passages: PassageRows;
  /** The long entry before which the last step has stopped. */
  #nextLong: WaitingEntry | undefined;
  /** The long entry whose passages are being added. */
  #long: LongEntry | undefined;

  /** @param onDamaged called for every content that cannot be read; it is indexed as empty. */
  constructor({ client, file }: Pick<Database, "client" | "file">, onDamaged: (error: SessionError) => void) {
    this.#file = file;
    this.#onDamaged = onDamaged;
    this.merges = new IndexMerges({ client, file });
    this.#longEntries = new LongEntries({ client });
    this.#passages = new PassageRows({ client });
    this.#sessionId = client.prepare<[number], string>("SELECT id FROM sessions WHERE key = ?").pluck();
    this.#progress = client.prepare<[], IndexProgress>(
      "SELECT entry_key AS entryKey, session_key AS sessionKey FROM search_progress",
    );
    this.#target = client.prepare<[], IndexProgress>(`
      SELECT
        (SELECT coalesce(max(key), 0) FROM entries) AS entryKey,
        (SELECT coalesce(max(key), 0) FROM sessions) AS sessionKey`);
    // The length in bytes is known without the content.
    this.#entriesAfter = client.prepare<[number], WaitingEntry>(`
      SELECT key, session_key AS sessionKey, seq,
        iif(octet_length(content) > ${LONG_CONTENT}, NULL, content) AS text
      FROM entries
      WHERE key > ?
      ORDER BY key`);
    this.#namesAfter = client.prepare<[number], IndexRow>(`
      SELECT key AS sessionKey, ${NAME_SEQ} AS seq, name AS text FROM sessions
      WHERE key > ?
      ORDER BY key`);
    this.#add = client.prepare<[number, number, string]>(
      `INSERT INTO search_index (rowid, text) VALUES (${rowidOf("?", "?")}, ?)`,
    );
    this.#remove = client.prepare<[number, number, number, number]>(
      `DELETE FROM search_index WHERE rowid BETWEEN ${rowidOf("?", "?")} AND ${rowidOf("?", "?")}`,
    );
    this.#setProgress = client.prepare<[number, number]>(
      "UPDATE search_progress SET entry_key = ?, session_key = ?",
    );
    this.#limitProgress = client.prepare<IndexProgress>(`
      UPDATE search_progress
      SET entry_key = min(entry_key, @entryKey), session_key = min(session_key, @sessionKey)
      WHERE entry_key > @entryKey OR session_key > @sessionKey`);
  }

  /** The last rows that exist, which a search has to find. */
  target(): IndexProgress {
    return this.#target.get() as IndexProgress;
  }

  isUpToDate(): boolean {
    return hasReached(this.#readProgress(), this.target());
  }

  /** How many rows are not indexed yet, at most: keys have gaps. */
  countWaiting(): number {
    const { entryKey, sessionKey } = this.#readProgress();
    const target = this.target();
    return Math.max(0, target.entryKey - entryKey) + Math.max(0, target.sessionKey - sessionKey);
  }

  /**
   * Gets ready for the next step, outside of a transaction: a long entry is read, and its words are found in
   * pieces, between which others have their turn.
   */
  async prepare(): Promise<void> {
    const next = this.#nextLong;
    if (next === undefined) return;
    this.#nextLong = undefined;
    this.#long = await this.#longEntries.readInTurns(next);
  }

  /**
   * Indexes the next rows up to `target`, within a transaction.
   *
   * @param inOneGo indexes a long entry that is not prepared too, instead of stopping before it.
   */
  step(target: IndexProgress, inOneGo: boolean): IndexStep {
    this.merges.takeOver();
    let { entryKey, sessionKey } = this.#readProgress();
    const rows: IndexRow[] = [];
    let characters = 0;
    let long: WaitingEntry | undefined;
    const isFull = () => rows.length >= MAX_STEP_ROWS || characters >= MAX_STEP_CHARACTERS;
    const take = (row: IndexRow): boolean => {
      rows.push(row);
      characters += row.text.length;
      return isFull();
    };
    for (const row of this.#namesAfter.iterate(sessionKey)) {
      sessionKey = row.sessionKey;
      if (take(row)) break;
    }
    for (const { text, ...row } of isFull() ? [] : this.#entriesAfter.iterate(entryKey)) {
      if (text === null) {
        long = { text, ...row };
        break;
      }
      entryKey = row.key;
      if (take({ ...row, text })) break;
    }
    if (rows.length === 0 && long) return this.#stepLong(long, { sessionKey, target, inOneGo });
    // FTS5 writes out what it has collected whenever a rowid is smaller than the one before.
    rows.sort((a, b) => a.sessionKey - b.sessionKey || a.seq - b.seq);
    for (const row of rows) this.#addWords(row, indexText(this.#stringsOf(row)));
    if (rows.length > 0) this.#setProgress.run(entryKey, sessionKey);
    return rows.length === 0 || hasReached({ entryKey, sessionKey }, target) ? "done" : "more";
  }

  /** The next passage of a long entry, or all words of one that has few. */
  #stepLong(
    next: WaitingEntry,
    { sessionKey, target, inOneGo }: { sessionKey: number; target: IndexProgress; inOneGo: boolean },
  ): IndexStep {
    const { key } = next;
    if (!this.#longEntries.isCurrent(this.#long, next)) {
      if (!inOneGo) {
        this.#nextLong = next;
        return "long";
      }
      this.#long = this.#longEntries.read(next);
    }
    const { passages, problem } = this.#long as LongEntry;
    if (problem !== undefined) this.#reportDamaged(next, problem);
    else if (passages.length <= 1) this.#addWords(next, passages[0] ?? "");
    else if (!this.#addPassage(next, passages)) return "long";
    this.#long = undefined;
    this.#setProgress.run(key, sessionKey);
    return hasReached({ entryKey: key, sessionKey }, target) ? "done" : "more";
  }

  /** Adds the first passage that is not there: others may be adding them too. True after the last. */
  #addPassage({ sessionKey, seq }: WaitingEntry, passages: readonly string[]): boolean {
    return usingIndex(this.#file, () => {
      const added = this.#passages.count(sessionKey, seq);
      const words = passages[added];
      if (words !== undefined) this.#passages.add(sessionKey, seq, added, words);
      return added + 1 >= passages.length;
    });
  }

  /** Removes a session's entries from `seq` on. To be called after their rows were deleted. */
  removeEntries(sessionKey: number, seq: number): void {
    this.#removeRows(sessionKey, seq, LAST_SEQ);
    this.#rowidsReused();
  }

  /** Removes a session with all its entries. To be called after their rows were deleted. */
  removeSession(sessionKey: number): void {
    this.removeEntries(sessionKey, NAME_SEQ);
  }

  rename(sessionKey: number, name: string): void {
    // A session that is not indexed yet will be, by its name of that time.
    if (sessionKey > this.#readProgress().sessionKey) return;
    this.#removeRows(sessionKey, NAME_SEQ, NAME_SEQ);
    this.#addWords({ sessionKey, seq: NAME_SEQ }, indexText(contentStrings(name)));
  }

  #removeRows(sessionKey: number, firstSeq: number, lastSeq: number): void {
    usingIndex(this.#file, () => {
      const { changes } = this.#remove.run(sessionKey, firstSeq, sessionKey, lastSeq);
      const passages = this.#passages.remove(sessionKey, firstSeq, lastSeq);
      if (changes + passages > 0) this.merges.wordsDeleted();
    });
  }

  #readProgress(): IndexProgress {
    return usingIndex(this.#file, () => {
      const progress = this.#progress.get();
      if (progress) return progress;
      throw damagedIndex(this.#file, new Error("search_progress has no row"));
    });
  }

  #addWords({ sessionKey, seq }: Omit<IndexRow, "text">, words: string): void {
    if (words !== "") usingIndex(this.#file, () => this.#add.run(sessionKey, seq, words));
  }

  /** SQLite reuses the greatest keys once their rows are deleted: the new rows have to be indexed too. */
  #rowidsReused(): void {
    this.#limitProgress.run(this.target());
  }

  #stringsOf(row: IndexRow): string[] {
    if (row.seq === NAME_SEQ) return contentStrings(row.text);
    try {
      return contentStrings(JSON.parse(row.text) as JsonValue);
    } catch (cause) {
      this.#reportDamaged(row, cause);
      return [];
    }
  }

  #reportDamaged({ sessionKey, seq }: Omit<IndexRow, "text">, cause: unknown): void {
    const id = this.#sessionId.get(sessionKey) ?? "";
    this.#onDamaged(corruptError(this.#file, id, `entries[${seq}].content`, cause));
  }
}

function hasReached(progress: IndexProgress, target: IndexProgress): boolean {
  return progress.entryKey >= target.entryKey && progress.sessionKey >= target.sessionKey;
}

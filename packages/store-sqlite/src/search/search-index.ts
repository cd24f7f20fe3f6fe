import type { JsonValue, SessionError } from "@thulp-sessions/core";
import {
  contentStrings,
  indexText,
  indexTextSteps,
  runStepsInTurns,
  Yielder,
} from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { corruptError } from "../connection/sqlite-errors.ts";
import { damagedIndex, usingIndex } from "./damaged-index.ts";

/** Stands for the name of a session where the `seq` of an entry is expected; it comes before all entries. */
export const NAME_SEQ = -1;
/** Greater than the `seq` of any entry. */
export const LAST_SEQ = 2 ** 31 - 2;

/** The rowid in `search_index` of an entry or a name; both arguments are SQL. */
export function rowidOf(sessionKey: string, seq: string): string {
  return `(${sessionKey} << 31 | ${seq} + 1)`;
}

/**
 * Bounds on how long one step of indexing blocks the event loop: a number of rows, and of characters in them.
 */
const MAX_STEP_ROWS = 500;
const MAX_STEP_CHARACTERS = 1 << 17;
/** The words of a longer content, in UTF-16 units of its JSON, are found before the step that adds it. */
const LONG_TEXT = 1 << 16;

interface IndexRow {
  readonly sessionKey: number;
  readonly seq: number;
  /** The name, or the content as JSON. */
  readonly text: string;
}

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
  readonly #file: string;
  readonly #onDamaged: (error: SessionError) => void;
  readonly #sessionId;
  readonly #progress;
  readonly #target;
  readonly #entriesAfter;
  readonly #namesAfter;
  readonly #add;
  readonly #remove;
  readonly #merge;
  readonly #optimize;
  readonly #totalChanges;
  readonly #setProgress;
  readonly #limitProgress;
  /** The content, as JSON, before which the last step has stopped. */
  #longText: string | undefined;
  /** Such a content and its words; `null` where it cannot be read. */
  #prepared: { readonly text: string; readonly words: string | null } | undefined;
  #holdsDeletedWords = false;

  /** @param onDamaged called for every content that cannot be read; it is indexed as empty. */
  constructor({ client, file }: Pick<Database, "client" | "file">, onDamaged: (error: SessionError) => void) {
    this.#file = file;
    this.#onDamaged = onDamaged;
    this.#sessionId = client.prepare<[number], string>("SELECT id FROM sessions WHERE key = ?").pluck();
    this.#progress = client.prepare<[], IndexProgress>(
      "SELECT entry_key AS entryKey, session_key AS sessionKey FROM search_progress",
    );
    this.#target = client.prepare<[], IndexProgress>(`
      SELECT
        (SELECT coalesce(max(key), 0) FROM entries) AS entryKey,
        (SELECT coalesce(max(key), 0) FROM sessions) AS sessionKey`);
    this.#entriesAfter = client.prepare<[number], IndexRow & { key: number }>(`
      SELECT key, session_key AS sessionKey, seq, content AS text FROM entries
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
    // Below 0: whatever has to be merged so that no deleted row is left.
    this.#merge = client.prepare<[number]>(
      "INSERT INTO search_index (search_index, rank) VALUES ('merge', -?)",
    );
    this.#optimize = client.prepare("INSERT INTO search_index (search_index) VALUES ('optimize')");
    this.#totalChanges = client.prepare<[], number>("SELECT total_changes()").pluck();
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
   * Gets ready for the next step, outside of a transaction: the words of a long text are found in pieces,
   * between which others have their turn.
   */
  async prepare(): Promise<void> {
    const text = this.#longText;
    if (text === undefined) return;
    this.#longText = undefined;
    this.#prepared = { text, words: await wordsInTurns(text) };
  }

  /**
   * Indexes the next rows, within a transaction. True when those up to `target` are done.
   *
   * @param stopsAtLong before a long text that is not prepared.
   */
  step(target: IndexProgress, stopsAtLong: boolean): boolean {
    const before = this.#readProgress();
    const rows: IndexRow[] = [];
    let { entryKey, sessionKey } = before;
    let characters = 0;
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
    for (const row of isFull() ? [] : this.#entriesAfter.iterate(entryKey)) {
      if (stopsAtLong && row.text.length > LONG_TEXT && row.text !== this.#prepared?.text) {
        this.#longText = row.text;
        break;
      }
      entryKey = row.key;
      if (take(row)) break;
    }
    // FTS5 writes out what it has collected whenever a rowid is smaller than the one before.
    rows.sort((a, b) => a.sessionKey - b.sessionKey || a.seq - b.seq);
    for (const row of rows) this.#addWords(row, this.#preparedWords(row) ?? indexText(this.#stringsOf(row)));
    if (rows.length > 0) this.#setProgress.run(entryKey, sessionKey);
    if (this.#longText !== undefined) return false;
    return rows.length === 0 || hasReached({ entryKey, sessionKey }, target);
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

  /**
   * FTS5 only notes that a row is deleted; its words go when what holds them is merged. True where rows that
   * this store has deleted are still waiting for that.
   */
  get holdsDeletedWords(): boolean {
    return this.#holdsDeletedWords;
  }

  /**
   * Drops the words of deleted rows, within a transaction.
   *
   * @param pages of the index, about as many of which are written; 4 KiB each.
   * @returns true when none are left.
   */
  dropDeletedWords(pages: number): boolean {
    const before = this.#totalChanges.get() ?? 0;
    usingIndex(this.#file, () => this.#merge.run(pages));
    // What FTS5 says where nothing was left to be merged.
    const isDone = (this.#totalChanges.get() ?? 0) - before < 2;
    if (isDone) this.#holdsDeletedWords = false;
    return isDone;
  }

  /** The same in one step, also for rows that others have deleted. */
  optimize(): void {
    usingIndex(this.#file, () => this.#optimize.run());
    this.#holdsDeletedWords = false;
  }

  #removeRows(sessionKey: number, firstSeq: number, lastSeq: number): void {
    usingIndex(this.#file, () => {
      const { changes } = this.#remove.run(sessionKey, firstSeq, sessionKey, lastSeq);
      if (changes > 0) this.#holdsDeletedWords = true;
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

  #preparedWords({ seq, text }: IndexRow): string | null {
    const prepared = this.#prepared;
    if (prepared === undefined || seq === NAME_SEQ || text !== prepared.text) return null;
    this.#prepared = undefined;
    return prepared.words;
  }

  /** SQLite reuses the greatest keys once their rows are deleted: the new rows have to be indexed too. */
  #rowidsReused(): void {
    this.#limitProgress.run(this.target());
  }

  #stringsOf({ sessionKey, seq, text }: IndexRow): string[] {
    if (seq === NAME_SEQ) return contentStrings(text);
    try {
      return contentStrings(JSON.parse(text) as JsonValue);
    } catch (cause) {
      const id = this.#sessionId.get(sessionKey) ?? "";
      this.#onDamaged(corruptError(this.#file, id, `entries[${seq}].content`, cause));
      return [];
    }
  }
}

function hasReached(progress: IndexProgress, target: IndexProgress): boolean {
  return progress.entryKey >= target.entryKey && progress.sessionKey >= target.sessionKey;
}

async function wordsInTurns(content: string): Promise<string | null> {
  try {
    const strings = contentStrings(JSON.parse(content) as JsonValue);
    return await runStepsInTurns(indexTextSteps(strings), new Yielder());
  } catch {
    // The step reports what is wrong with it.
    return null;
  }
}

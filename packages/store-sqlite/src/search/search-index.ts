import type { JsonValue, SessionError } from "@thulp-sessions/core";
import { contentStrings, indexText } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { corruptError } from "../connection/sqlite-errors.ts";

/** Stands for a `seq` where the name of a session is meant, which comes before its entries. */
export const NAME = -1;
export const LAST_SLOT = 2 ** 31 - 1;

/** The place of an entry, or of the name, among the rows of its session in the index. */
export function slotOf(seq: number): number {
  return seq + 1;
}

/** Bounds how long one step of indexing holds up the event loop: texts of so many characters, or so many rows. */
const MAX_STEP_ROWS = 500;
const MAX_STEP_CHARACTERS = 1 << 20;

interface Waiting {
  readonly sessionKey: number;
  /** -1: the name of the session. */
  readonly seq: number;
  /** The name, or the content as JSON. */
  readonly text: string;
}

/** Keys of rows: those with greater ones are not indexed yet, or had not been written then. */
export interface IndexPlace {
  readonly entryKey: number;
  readonly sessionKey: number;
}

/**
 * Keeps `search_index` in step with the entries and names, lazily: what is new waits until `step` comes to it, what is
 * removed or renamed is taken out at once. drizzle knows no FTS5: the statements are plain SQL.
 */
export class SearchIndex {
  readonly #file: string;
  readonly #onDamaged: (error: SessionError) => void;
  readonly #sessionId;
  readonly #progress;
  readonly #last;
  readonly #waitingEntries;
  readonly #waitingNames;
  readonly #add;
  readonly #remove;
  readonly #moveOn;
  readonly #moveBack;

  /** @param onDamaged is told of every content that cannot be read; it has no words. */
  constructor({ client, file }: Pick<Database, "client" | "file">, onDamaged: (error: SessionError) => void) {
    this.#file = file;
    this.#onDamaged = onDamaged;
    this.#sessionId = client.prepare<[number], string>("SELECT id FROM sessions WHERE key = ?").pluck();
    this.#progress = client.prepare<[], IndexPlace>(
      "SELECT entry_key AS entryKey, session_key AS sessionKey FROM search_progress",
    );
    this.#last = client.prepare<[], IndexPlace>(
      "SELECT (SELECT coalesce(max(key), 0) FROM entries) AS entryKey, (SELECT coalesce(max(key), 0) FROM sessions) AS sessionKey",
    );
    this.#waitingEntries = client
      .prepare<[number], [key: number, sessionKey: number, seq: number, content: string]>(
        "SELECT key, session_key, seq, content FROM entries WHERE key > ? ORDER BY key",
      )
      .raw();
    this.#waitingNames = client
      .prepare<[number], [key: number, name: string]>(
        "SELECT key, name FROM sessions WHERE key > ? ORDER BY key",
      )
      .raw();
    this.#add = client.prepare("INSERT INTO search_index (rowid, text) VALUES (? << 31 | ?, ?)");
    this.#remove = client.prepare("DELETE FROM search_index WHERE rowid BETWEEN ? << 31 | ? AND ? << 31 | ?");
    this.#moveOn = client.prepare("UPDATE search_progress SET entry_key = ?, session_key = ?");
    this.#moveBack = client.prepare(
      "UPDATE search_progress SET entry_key = min(entry_key, ?), session_key = min(session_key, ?) WHERE entry_key > ? OR session_key > ?",
    );
  }

  /** The last rows there are: what a search has to find. */
  target(): IndexPlace {
    return this.#last.get() as IndexPlace;
  }

  isUpToDate(): boolean {
    return hasReached(this.#progress.get() as IndexPlace, this.target());
  }

  /** How many rows wait, at the most: keys have gaps. */
  waiting(): number {
    const { entryKey, sessionKey } = this.#progress.get() as IndexPlace;
    const target = this.target();
    return Math.max(0, target.entryKey - entryKey) + Math.max(0, target.sessionKey - sessionKey);
  }

  /** Indexes the next rows that wait, inside a transaction. True when those of `target` are done. */
  step(target: IndexPlace): boolean {
    const before = this.#progress.get() as IndexPlace;
    const rows: Waiting[] = [];
    let { entryKey, sessionKey } = before;
    let characters = 0;
    const take = (row: Waiting): void => {
      rows.push(row);
      characters += row.text.length;
    };
    const isFull = () => rows.length >= MAX_STEP_ROWS || characters >= MAX_STEP_CHARACTERS;
    for (const [key, name] of this.#waitingNames.iterate(sessionKey)) {
      take({ sessionKey: key, seq: NAME, text: name });
      sessionKey = key;
      if (isFull()) break;
    }
    for (const [key, ofSession, seq, content] of isFull() ? [] : this.#waitingEntries.iterate(entryKey)) {
      take({ sessionKey: ofSession, seq, text: content });
      entryKey = key;
      if (isFull()) break;
    }
    // FTS5 writes out what it has gathered whenever a row comes before the last one.
    rows.sort((a, b) => a.sessionKey - b.sessionKey || a.seq - b.seq);
    for (const row of rows) {
      const words = indexText(this.#stringsOf(row));
      if (words !== "") this.#add.run(row.sessionKey, slotOf(row.seq), words);
    }
    if (rows.length > 0) this.#moveOn.run(entryKey, sessionKey);
    return rows.length === 0 || hasReached({ entryKey, sessionKey }, target);
  }

  /** Takes out a session's entries from `seq` on. Their rows have to be gone already. */
  removeEntries(sessionKey: number, seq: number): void {
    this.#remove.run(sessionKey, slotOf(seq), sessionKey, LAST_SLOT);
    this.#givenOutAgain();
  }

  /** Takes out a session with all its entries. Its rows have to be gone already. */
  removeSession(sessionKey: number): void {
    this.#remove.run(sessionKey, slotOf(NAME), sessionKey, LAST_SLOT);
    this.#givenOutAgain();
  }

  rename(sessionKey: number, name: string): void {
    // One that waits is indexed by the name that it then has.
    if (sessionKey > (this.#progress.get() as IndexPlace).sessionKey) return;
    this.#remove.run(sessionKey, slotOf(NAME), sessionKey, slotOf(NAME));
    const words = indexText([name]);
    if (words !== "") this.#add.run(sessionKey, slotOf(NAME), words);
  }

  /** After rows were deleted: keys above those that are left come back with other rows, which have to be indexed. */
  #givenOutAgain(): void {
    const { entryKey, sessionKey } = this.target();
    this.#moveBack.run(entryKey, sessionKey, entryKey, sessionKey);
  }

  #stringsOf({ sessionKey, seq, text }: Waiting): string[] {
    if (seq === NAME) return [text];
    try {
      return contentStrings(JSON.parse(text) as JsonValue);
    } catch (cause) {
      const id = this.#sessionId.get(sessionKey) ?? "";
      this.#onDamaged(corruptError(this.#file, id, `entries[${seq}].content`, cause));
      return [];
    }
  }
}

function hasReached(place: IndexPlace, target: IndexPlace): boolean {
  return place.entryKey >= target.entryKey && place.sessionKey >= target.sessionKey;
}

import type { Database } from "../connection/database.ts";

/** The rows of `search_index` with the passages of long entries, and `search_passages`, which says whose. */
export class PassageRows {
  readonly #count;
  readonly #add;
  readonly #addWords;
  readonly #removeWords;
  readonly #remove;

  constructor({ client }: Pick<Database, "client">) {
    this.#count = client
      .prepare<[number, number], number>(
        "SELECT count(*) FROM search_passages WHERE session_key = ? AND seq = ?",
      )
      .pluck();
    this.#add = client.prepare<[number, number, number]>(
      "INSERT INTO search_passages (session_key, seq, passage) VALUES (?, ?, ?)",
    );
    this.#addWords = client.prepare<[number | bigint, string]>(
      "INSERT INTO search_index (rowid, text) VALUES (-?, ?)",
    );
    this.#removeWords = client.prepare<[number, number, number]>(`
      DELETE FROM search_index WHERE rowid IN (
        SELECT -key FROM search_passages WHERE session_key = ? AND seq BETWEEN ? AND ?)`);
    this.#remove = client.prepare<[number, number, number]>(
      "DELETE FROM search_passages WHERE session_key = ? AND seq BETWEEN ? AND ?",
    );
  }

  /** How many passages of an entry are indexed; they are added in order. */
  count(sessionKey: number, seq: number): number {
    return this.#count.get(sessionKey, seq) as number;
  }

  add(sessionKey: number, seq: number, passage: number, words: string): void {
    this.#addWords.run(this.#add.run(sessionKey, seq, passage).lastInsertRowid, words);
  }

  /** Removes those of a session's entries in a range of `seq`. @returns how many there were. */
  remove(sessionKey: number, firstSeq: number, lastSeq: number): number {
    this.#removeWords.run(sessionKey, firstSeq, lastSeq);
    return this.#remove.run(sessionKey, firstSeq, lastSeq).changes;
  }
}

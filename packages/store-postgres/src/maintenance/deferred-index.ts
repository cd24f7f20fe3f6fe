import type { SessionId } from "@thulp-sessions/core";
import { Yielder } from "@thulp-sessions/core/store";
import { int4Array, textArray, uuidArray } from "../connection/binary-array.ts";
import type { Database } from "../connection/database.ts";
import { decodeText } from "../tables/text-code.ts";
import { tsvectorOf, tsvectorOfContent } from "../tables/words.ts";

const SESSIONS_PER_ROUND = 300;
const ENTRIES_PER_ROUND = 3_000;
const BYTES_PER_ROUND = 8 * 1024 * 1024;
/** Of sessions whose times alone are brought up to date: nothing is read for them. */
const SETTLED_PER_ROUND = 1_000;
/** The `seq` of the name in `search_docs`. */
const NAME = -1;

/** A session that is behind, as it was read. */
interface Behind {
  readonly id: SessionId;
  readonly indexed: number;
  readonly round: number;
  readonly entryCount: number;
}

/**
 * Brings the indices by time and the index for search up to date with what was written since. Any number of
 * programs may do so at the same time, while others write: what is to be indexed is read without a lock, and
 * then one statement writes what is still as it was read, passing over what others have locked.
 */
export class DeferredIndex {
  readonly #database: Database;
  readonly #yielder = new Yielder();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The next sessions that were written since. @returns whether none is left. */
  flushRound(): Promise<{ readonly isDone: boolean }> {
    return this.#indexRound("index_pending");
  }

  /**
   * The next sessions whose words programs that do not index have left out. Lists are right without it, and
   * searches read what is left out, so that this may take its time.
   *
   * @returns whether none is left.
   */
  catchUpRound(): Promise<{ readonly isDone: boolean }> {
    return this.#indexRound("words_pending AND NOT index_pending");
  }

  /** For a program that does not index: as {@link flushRound}, but the words are left to others. */
  async settleRound(): Promise<{ readonly isDone: boolean }> {
    const { schema } = this.#database;
    const { rows } = await this.#database.run({
      text: `
        WITH settled AS MATERIALIZED (
          SELECT h.session_id FROM ${schema}.heads h WHERE h.index_pending
          ORDER BY h.session_id LIMIT ${SETTLED_PER_ROUND} FOR UPDATE OF h SKIP LOCKED
        ), flushed AS (
          UPDATE ${schema}.heads h SET index_pending = false, words_pending = h.indexed < h.entry_count
          FROM settled WHERE h.session_id = settled.session_id
          RETURNING h.session_id, h.updated_at
        ), ${this.#listFlushed()}
        SELECT count(*) FROM flushed`,
      isHot: true,
    });
    return { isDone: (rows[0]?.[0] ?? 0) < SETTLED_PER_ROUND };
  }

  async #indexRound(which: string): Promise<{ readonly isDone: boolean }> {
    const behind = await this.#behind(which);
    if (behind.length === 0) return { isDone: true };
    const docs: { id: SessionId; seq: number; words: string | null }[] = [];
    for (const [id, name] of await this.#namesOf(behind.filter(({ indexed }) => indexed < 0))) {
      await this.#yielder.yieldIfDue();
      docs.push({ id, seq: NAME, words: tsvectorOf([name]) });
    }
    const reached = new Map(behind.map(({ id, indexed }) => [id, Math.max(indexed, 0)]));
    for (const [id, seq, content] of await this.#entriesOf(behind)) {
      await this.#yielder.yieldIfDue();
      docs.push({ id, seq, words: wordsOf(content) });
      reached.set(id, seq + 1);
    }
    const written = await this.#write(behind, reached, docs);
    const isBehind = ({ id, entryCount }: Behind) => (reached.get(id) ?? 0) < entryCount;
    // Where nothing could be written others are at it; and entries that are missing will not come.
    const isStuck = behind.every((each) => isBehind(each) && reached.get(each.id) === each.indexed);
    const isLast = behind.length < SESSIONS_PER_ROUND && !behind.some(isBehind);
    return { isDone: written === 0 || isStuck || isLast };
  }

  /** In the order of the index of those: whatever the statistics say of how many there are, it is read. */
  async #behind(which: string): Promise<Behind[]> {
    const { rows } = await this.#database.run({
      text: `SELECT session_id, indexed, index_round, entry_count FROM ${this.#database.schema}.heads
        WHERE ${which} ORDER BY session_id LIMIT ${SESSIONS_PER_ROUND}`,
      isHot: true,
    });
    return rows.map(([id, indexed, round, entryCount]) => ({ id, indexed, round, entryCount }));
  }

  async #namesOf(sessions: readonly Behind[]): Promise<[SessionId, string][]> {
    if (sessions.length === 0) return [];
    const { rows } = await this.#database.run({
      text: `SELECT id, name FROM ${this.#database.schema}.sessions WHERE id = ANY($1::uuid[])`,
      values: [uuidArray(sessions.map(({ id }) => id))],
      isHot: true,
    });
    return rows.map(([id, name]) => [id, decodeText(name)]);
  }

  /** Of each session the next ones, without a gap. */
  async #entriesOf(sessions: readonly Behind[]): Promise<[SessionId, number, string][]> {
    const { rows } = await this.#database.run({
      text: `
        SELECT p.session_id, p.seq, p.content FROM (
          SELECT n.*, sum(octet_length(n.content)) OVER (ORDER BY n.session_id, n.seq) AS total,
            row_number() OVER (ORDER BY n.session_id, n.seq) AS place
          FROM (
            SELECT e.session_id, e.seq, e.content
            FROM unnest($1::uuid[], $2::int4[], $3::int4[]) AS b (id, indexed, entry_count)
            JOIN ${this.#database.schema}.entries e
              ON e.session_id = b.id AND e.seq >= b.indexed AND e.seq < b.entry_count
            ORDER BY e.session_id, e.seq LIMIT ${ENTRIES_PER_ROUND}
          ) AS n
        ) AS p
        WHERE p.total <= ${BYTES_PER_ROUND} OR p.place = 1
        ORDER BY p.session_id, p.seq`,
      values: [
        uuidArray(sessions.map(({ id }) => id)),
        int4Array(sessions.map(({ indexed }) => indexed)),
        int4Array(sessions.map(({ entryCount }) => entryCount)),
      ],
      isHot: true,
    });
    return rows as unknown as [SessionId, number, string][];
  }

  /** @returns how many sessions were still as they were read. */
  async #write(
    behind: readonly Behind[],
    reached: ReadonlyMap<SessionId, number>,
    docs: readonly { id: SessionId; seq: number; words: string | null }[],
  ): Promise<number> {
    const { schema } = this.#database;
    const text = `
      WITH same AS MATERIALIZED (
        SELECT h.session_id, b.reached
        FROM unnest($1::uuid[], $2::int4[], $3::int4[], $4::int4[]) AS b (id, indexed, round, reached)
        JOIN ${schema}.heads h
          ON h.session_id = b.id AND h.indexed = b.indexed AND h.index_round = b.round
            AND (h.index_pending OR h.words_pending)
        ORDER BY h.session_id FOR UPDATE OF h SKIP LOCKED
      ), flushed AS (
        -- Where much was left out, lists do not wait for all of its words.
        UPDATE ${schema}.heads h SET indexed = same.reached,
          index_pending = h.index_pending AND NOT h.words_pending AND same.reached < h.entry_count,
          words_pending = h.words_pending AND same.reached < h.entry_count
        FROM same WHERE h.session_id = same.session_id
        RETURNING h.session_id, h.updated_at
      ), ${this.#listFlushed()}, indexed AS (
        INSERT INTO ${schema}.search_docs (session_id, seq, words)
        SELECT d.id, d.seq, d.words::tsvector
        FROM unnest($5::uuid[], $6::int4[], $7::text[]) AS d (id, seq, words)
        JOIN same ON same.session_id = d.id
        ON CONFLICT (session_id, seq) DO UPDATE SET words = EXCLUDED.words
      )
      SELECT count(*) FROM same`;
    const values = [
      uuidArray(behind.map(({ id }) => id)),
      int4Array(behind.map(({ indexed }) => indexed)),
      int4Array(behind.map(({ round }) => round)),
      int4Array(behind.map(({ id }) => reached.get(id) ?? 0)),
      uuidArray(docs.map(({ id }) => id)),
      int4Array(docs.map(({ seq }) => seq)),
      textArray(docs.map(({ words }) => words)),
    ];
    const { rows } = await this.#database.run({ text, values, isHot: true });
    return rows[0]?.[0] ?? 0;
  }

  /** Parts of a WITH in which `flushed` are sessions: the indices by time get theirs. */
  #listFlushed(): string {
    const { schema } = this.#database;
    return `listed AS (
        UPDATE ${schema}.sessions s SET listed_at = f.updated_at
        FROM flushed f WHERE s.id = f.session_id AND s.listed_at <> f.updated_at
      ), tagged AS (
        UPDATE ${schema}.session_tags t SET listed_at = f.updated_at
        FROM flushed f WHERE t.session_id = f.session_id AND t.listed_at <> f.updated_at
      )`;
  }
}

/** A content that cannot be parsed has no words; the search that reads it warns. */
function wordsOf(content: string): string | null {
  try {
    return tsvectorOfContent(JSON.parse(content));
  } catch {
    return null;
  }
}

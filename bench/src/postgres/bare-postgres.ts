import { newUuid } from "@thulp-sessions/core";
import type { Client } from "pg";
import { entry } from "../harness/data.ts";

/** What a program without a store would do: the same rows in the same tables, each in a transaction. */
export interface BarePostgres {
  /** BEGIN, INSERT, UPDATE and COMMIT, each awaited, prepared but for the two words. */
  append(): Promise<void>;
}

/** @param schema of a store, which has made the tables. */
export async function barePostgres(client: Client, schema: string): Promise<BarePostgres> {
  const id = newUuid();
  await insertSessions(client, schema, [id]);
  let count = 0;
  return {
    async append() {
      const seq = count++;
      const { id: entryId, timestamp, content } = entry(seq);
      await client.query("BEGIN");
      await client.query({
        name: "bare_insert",
        text: `INSERT INTO "${schema}".entries (session_id, seq, entry_id, at, type, content)
          VALUES ($1, $2, $3, $4, 'user_message', $5)`,
        values: [id, seq, entryId, timestamp, JSON.stringify(content)],
      });
      await client.query({
        name: "bare_update",
        text: `UPDATE "${schema}".heads SET updated_at = $2, entry_count = $3, turn_count = $3, user_count = $3,
          revision = revision + 1, stamp = $4 WHERE session_id = $1`,
        values: [id, timestamp, count, Math.floor(Math.random() * 2 ** 40)],
      });
      await client.query("COMMIT");
    },
  };
}

/** Empty sessions, past every store. */
export async function insertSessions(client: Client, schema: string, ids: readonly string[]): Promise<void> {
  await client.query(
    `INSERT INTO "${schema}".sessions (id, name, name_lower, type, type_fields, created_at, listed_at, status,
       tags, context)
     SELECT id, 'bare', 'bare', 'conversation', '{"purpose":"benchmark"}', 1, 1, 'active', '[]', '{}'
     FROM unnest($1::uuid[]) AS id`,
    [ids],
  );
  await client.query(
    `INSERT INTO "${schema}".heads SELECT id, 1, 1, 'active', 0, 0, 0, 0, false, 1, 1, '1', 0, 0, false
     FROM unnest($1::uuid[]) AS id`,
    [ids],
  );
}

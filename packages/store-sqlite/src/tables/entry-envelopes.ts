import type { EntryId, EntryType, SessionId } from "@thulp-sessions/core";
import type { EntryEnvelope, EnvelopesRequest, Rows } from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { parseJson } from "./rows.ts";

type EnvelopeRow = [seq: number, entryId: string, timestamp: number, type: string, typeFields: string | null];

/** So many rows are read in one go: some milliseconds. */
const MAX_ROWS = 2000;
/** Of the fields of their types together: names of tools and metrics may be of any length. */
const MAX_FIELDS_LENGTH = 1024 * 1024;

/** The rows of `entries` without their contents, which need not be read where nobody looks at them. */
export class EntryEnvelopes {
  readonly #file: string;
  readonly #page;

  constructor({ client, file }: Database) {
    this.#file = file;
    const page = (direction: "ASC" | "DESC") =>
      client
        .prepare<[number, number, number, string | null, string | null, number], EnvelopeRow>(`
          SELECT seq, entry_id, timestamp, type, type_fields FROM entries
          WHERE session_key = ? AND seq > ? AND seq < ?
            AND (? IS NULL OR type IN (SELECT value FROM json_each(?)))
          ORDER BY seq ${direction}
          LIMIT ?`)
        .raw();
    this.#page = { asc: page("ASC"), desc: page("DESC") };
  }

  /** A page, which ends early so that others are not held up. @throws {SessionError} corrupt */
  page(sessionKey: number, sessionId: SessionId, request: EnvelopesRequest): Rows<EntryEnvelope> {
    const { after, before, types, direction } = request;
    const items: EntryEnvelope[] = [];
    let length = 0;
    const names = types && JSON.stringify(types);
    for (const row of this.#page[direction].iterate(sessionKey, after, before, names, names, MAX_ROWS + 1)) {
      const [seq, id, timestamp, type, typeFields] = row;
      length += typeFields?.length ?? 0;
      if (items.length === MAX_ROWS || (length > MAX_FIELDS_LENGTH && items.length > 0))
        return { items, hasMore: true };
      const fields =
        typeFields && parseJson<object>(typeFields, this.#file, sessionId, `entries[${seq}].entryType`);
      const entryType = (fields ? { type, ...fields } : { type }) as EntryType;
      items.push({ id: id as EntryId, timestamp, entryType, seq });
    }
    return { items, hasMore: false };
  }
}

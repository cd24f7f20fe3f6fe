import { ENTRY_TYPE_NAMES, type EntryTypeName, type ViewedEntry } from "@thulp-sessions/core";
import type { EntryView } from "@thulp-sessions/core/view";
import { z } from "zod";
import { answer, lengthOf } from "../answer.ts";
import { type EntryRecord, entryRecord, entryRecordOf, MIN_RECORD } from "../entry-records.ts";
import { nameOf, sessionId } from "../records.ts";
import type { Served } from "../served.ts";
import type { VisibleSessions } from "../visible-sessions.ts";

const seq = z.int().min(0).optional();

const input = z
  .strictObject({
    id: sessionId,
    around: seq.describe("entries before and after this seq, such as that of a search hit"),
    after: seq.describe("the entries that follow this seq"),
    before: seq.describe("the entries before this seq"),
    types: z.array(z.enum(ENTRY_TYPE_NAMES)).max(20).optional().describe("only entries of these types"),
    raw: z
      .boolean()
      .default(false)
      .describe(
        "of a session that was imported from an agent: its records as stored, and its notes for itself",
      ),
    limit: z.int().min(1).max(200).default(20),
  })
  .refine(
    ({ around, after, before }) => [around, after, before].filter((at) => at !== undefined).length <= 1,
    {
      error: "around, after and before do not go together: give one of them, or none for the last entries",
    },
  );

const output = z.object({
  name: z.string(),
  entry_count: z.number(),
  entries: z.array(entryRecord).describe("in the order of the session"),
  more: z
    .boolean()
    .describe("true where the answer holds fewer entries than were asked for, because they are long"),
  notes: z
    .number()
    .describe("entries between these that are left out: notes of an agent for itself, which raw shows"),
});

/** What an answer holds beside its entries, in characters: the name of the session and the keys. */
const AROUND_ENTRIES = 600;

/** How long a content may be so that it is read whole before it is cut to what fits, in bytes. */
const CONTENT_BYTES = { min: 256, max: 1024 * 1024 };
const PAGE_BYTES = { min: 4096, max: 8 * 1024 * 1024 };

/** Where an agent has written more notes than anything else, no more pages are read for one answer. */
const MOST_PAGES = 20;
const NOTES_AT_ONCE = 100;

/** Offers `read_session`. */
export function registerReadSession(served: Served): void {
  const { server, sessions, maxChars, views } = served;
  server.registerTool(
    "read_session",
    {
      title: "Read a session",
      description: "Entries of one session: the last ones, or those at a place.",
      inputSchema: input,
      outputSchema: output,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ id, around, after, before, types, raw, limit }) =>
      answer(served, async () => {
        const { metadata, entryCount } = await sessions.head(id);
        const view = raw ? undefined : await views.of(metadata.tags);
        const reading = new Reading(sessions, metadata.id, {
          types,
          view,
          // What was asked for is shown, whatever it is.
          wanted: around,
          maxChars: maxChars - AROUND_ENTRIES,
          // One long output of a tool does not push out everything beside it.
          share: limit === 1 ? maxChars : Math.max(MIN_RECORD, maxChars / 5),
        });
        if (around !== undefined) {
          // What was found comes first: where little fits, it is what fits.
          await reading.forwards(around - 1, Math.ceil(limit / 2));
          await reading.backwards(around, Math.floor(limit / 2));
        } else if (after !== undefined) await reading.forwards(after, limit);
        else await reading.backwards(before, limit);
        return {
          name: nameOf(metadata),
          entry_count: entryCount,
          entries: reading.entries,
          more: reading.isCut,
          notes: reading.notes,
        };
      }),
  );
}

/** How entries are read. */
interface ReadingOptions {
  readonly types: readonly EntryTypeName[] | undefined;
  /** Without one, records as they are stored. */
  readonly view: EntryView | undefined;
  /** The seq of an entry that is no note, whatever its view says. */
  readonly wanted: number | undefined;
  readonly maxChars: number;
  /** How much of `maxChars` one entry may take. */
  readonly share: number;
}

/** Entries of one session, gathered until the answer is full. */
class Reading {
  entries: EntryRecord[] = [];
  /** Entries that were asked for are missing. */
  isCut = false;
  /** Entries that are left out between the others. */
  notes = 0;
  readonly #sessions: VisibleSessions;
  readonly #id: string;
  readonly #options: ReadingOptions;
  #left: number;

  constructor(sessions: VisibleSessions, id: string, options: ReadingOptions) {
    this.#sessions = sessions;
    this.#id = id;
    this.#options = options;
    this.#left = options.maxChars;
  }

  /** @param after -1: from the first. */
  async forwards(after: number, limit: number): Promise<void> {
    for (const record of await this.#read({ ...(after < 0 ? {} : { after }), direction: "asc" }, limit))
      this.entries.push(record);
  }

  /** @param before undefined: from the last. */
  async backwards(before: number | undefined, limit: number): Promise<void> {
    const records = await this.#read(
      { ...(before === undefined ? {} : { before }), direction: "desc" },
      limit,
    );
    this.entries.unshift(...records.reverse());
  }

  async #read(
    place: { readonly after?: number; readonly before?: number; readonly direction: "asc" | "desc" },
    limit: number,
  ): Promise<EntryRecord[]> {
    const records: EntryRecord[] = [];
    if (limit === 0) return records;
    const { types, share } = this.#options;
    let cursor: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const { items, nextCursor } = await this.#sessions.manager.views.entryPage(this.#id, {
        ...place,
        types,
        // Where notes were among the first, many follow each other.
        limit: pages === 0 ? limit : NOTES_AT_ONCE,
        cursor,
        contentBytes: within(4 * share, CONTENT_BYTES),
        pageBytes: within(4 * this.#left, PAGE_BYTES),
      });
      for (const entry of items) {
        if (this.#isNote(entry)) {
          this.notes++;
          continue;
        }
        const record = this.#take(entry);
        if (record === undefined) {
          this.isCut = true;
          return records;
        }
        records.push(record);
        if (records.length === limit) return records;
      }
      if (nextCursor === null) return records;
      cursor = nextCursor;
    }
    this.isCut = true;
    return records;
  }

  #isNote(entry: ViewedEntry): boolean {
    const { view, wanted } = this.#options;
    return view !== undefined && entry.seq !== wanted && view.isAside(entry);
  }

  /** Undefined where nothing fits any more. */
  #take(entry: ViewedEntry): EntryRecord | undefined {
    if (this.#left < MIN_RECORD) return undefined;
    const record = entryRecordOf(entry, Math.min(this.#options.share, this.#left), this.#options.view);
    this.#left -= lengthOf(record) + 1;
    return record;
  }
}

function within(value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  return Math.min(max, Math.max(min, Math.floor(value)));
}

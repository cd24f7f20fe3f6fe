import type { SessionId } from "../model/ids.ts";
import type { EntryType, EntryTypeName } from "../model/model.ts";
import { contentStrings } from "../search/content-strings.ts";
import { matchStringsInTurns } from "../search/match-strings.ts";
import { parseSearchText, type SearchHit } from "../search/search.ts";
import { decodeCursor, encodeCursor } from "../store/cursor.ts";
import type { SessionStore } from "../store/session-store.ts";
import { isFailure } from "./outline.ts";
import { previewText } from "./preview-text.ts";
import { EntryScan, inOneEpoch } from "./scan-entries.ts";

/** Which entries of a session to find: those that everything matches. */
export interface FindQuery {
  /** As of a search: words, `"phrases"` and `prefix*`es, all in one entry. Without it every entry matches. */
  readonly text?: string | undefined;
  /** Only entries of these types. */
  readonly types?: readonly EntryTypeName[] | undefined;
  /** Only calls of this tool. */
  readonly toolName?: string | undefined;
  /** Only tool calls and skill executions without success. */
  readonly failedOnly?: boolean | undefined;
  /** How many are shown with a snippet: 1 to 200, 20 when absent. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before, of the same query. */
  readonly cursor?: string | undefined;
}

/** A found entry, as a search shows it. */
export interface FoundPlace extends Pick<SearchHit, "snippet" | "offsets"> {
  readonly seq: number;
}

/** What was found in a session. */
export interface FoundEntries {
  /** How many entries match in all, exactly; only on the first page. */
  readonly total?: number;
  /**
   * Which they are, as ranges `[first, last]` of `seq`s that follow each other, in order; only on the first
   * page, and of at most 100,000 ranges: then the last of them are missing.
   */
  readonly ranges?: readonly (readonly [number, number])[];
  /** By `seq`. */
  readonly items: readonly FoundPlace[];
  /** The `cursor` of the next page of the same query; `null` on the last page. */
  readonly nextCursor: string | null;
  readonly epoch: string;
}

/** The most ranges that one answer names: some 2 MB. */
const MAX_FOUND_RANGES = 100_000;

/** The longest page of a search. */
const SEARCH_PAGE = 200;
/** So often the index is asked; while a session grows its places in the order of a search change. */
const MAX_INDEX_ATTEMPTS = 2;

/** @param query checked. */
export function findEntries(store: SessionStore, id: SessionId, query: FindQuery): Promise<FoundEntries> {
  const { cursor, limit = 20, ...identity } = query;
  const cursorOf = ["found entries", id, identity];
  const position =
    cursor === undefined ? null : decodeCursor(cursorOf, cursor, ([seq]) => Number.isSafeInteger(seq));
  return inOneEpoch(id, async () => {
    const { epoch } = await store.head(id);
    const newFound = () => new Found((position?.[0] ?? null) as number | null, limit);
    const found = newFound();
    const terms = identity.text === undefined ? null : parseSearchText(identity.text);
    // A text without a word matches nothing, as in every search.
    if (terms?.length === 0) return found.answer(epoch, cursorOf);
    const isSearchable = store.capabilities.searchable ?? true;
    const byIndex =
      isSearchable && terms !== null && identity.toolName === undefined && !identity.failedOnly
        ? await searchAll(store, { id, epoch }, identity, newFound)
        : null;
    if (byIndex) return byIndex.answer(epoch, cursorOf);
    const scan = new EntryScan(store, id, epoch);
    const types = typesOf(identity);
    const from = position === null ? {} : { after: position[0] as number };
    const query = { ...from, ...(types && { types }) };
    if (terms === null) {
      for await (const { seq, entryType } of scan.envelopes(query))
        if (isWanted(entryType, identity) && !found.add({ seq, snippet: "", offsets: [] })) break;
      return found.answer(epoch, cursorOf, (places) => withBeginnings(scan, places));
    }
    for await (const entry of scan.entries(query)) {
      if (!isWanted(entry.entryType, identity)) continue;
      const match = await matchStringsInTurns(contentStrings(entry.content), terms, scan.yielder);
      if (!match) continue;
      const { snippet, offsets } = match;
      if (!found.add({ seq: entry.seq, snippet, offsets })) break;
    }
    return found.answer(epoch, cursorOf);
  });
}

/**
 * All hits of a search in one session; `null` where the session was changed meanwhile, so that its place in
 * the order of the pages, and with it some hits, may have been missed.
 */
async function searchAll(
  store: SessionStore,
  { id, epoch }: { readonly id: SessionId; readonly epoch: string },
  { text = "", types }: FindQuery,
  newFound: () => Found,
): Promise<Found | null> {
  for (let attempt = 0; attempt < MAX_INDEX_ATTEMPTS; attempt++) {
    const before = await store.head(id);
    if (before.epoch !== epoch) return null;
    const found = newFound();
    let cursor: string | undefined;
    do {
      const query = { text, filter: { ids: [id] }, ...(types && { types }), limit: SEARCH_PAGE };
      const page = await store.search({ ...query, cursor });
      for (const { seq, snippet, offsets } of page.items)
        if (seq !== null && !found.add({ seq, snippet, offsets })) return found;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    const { version } = await store.head(id);
    if (version === before.version) return found;
  }
  return null;
}

/** Collects what is found, in the order of `seq`. */
class Found {
  readonly #after: number | null;
  readonly #limit: number;
  readonly #items: FoundPlace[] = [];
  readonly #ranges: [number, number][] = [];
  #total = 0;
  #hasMore = false;

  /** @param after of the last one of the page before; `null` for the first page, which counts all. */
  constructor(after: number | null, limit: number) {
    this.#after = after;
    this.#limit = limit;
  }

  /** False when what follows is not needed. */
  add(place: FoundPlace): boolean {
    const { seq } = place;
    if (this.#after !== null && seq <= this.#after) return true;
    if (this.#items.length < this.#limit) this.#items.push(place);
    else this.#hasMore = true;
    this.#total++;
    const last = this.#ranges.at(-1);
    if (last?.[1] === seq - 1) last[1] = seq;
    else if (this.#ranges.length < MAX_FOUND_RANGES) this.#ranges.push([seq, seq]);
    return this.#after === null || !this.#hasMore;
  }

  async answer(
    epoch: string,
    cursorOf: unknown,
    withSnippets: (places: readonly FoundPlace[]) => Promise<readonly FoundPlace[]> = async (places) =>
      places,
  ): Promise<FoundEntries> {
    const tail = this.#items.at(-1);
    return {
      ...(this.#after === null && { total: this.#total, ranges: this.#ranges }),
      items: await withSnippets(this.#items),
      nextCursor: this.#hasMore && tail ? encodeCursor(cursorOf, [tail.seq]) : null,
      epoch,
    };
  }
}

const TYPES_WITH_SUCCESS: readonly EntryTypeName[] = ["tool_call", "skill_execution"];

/** The types that can match; `undefined` for all. */
function typesOf({ types, toolName, failedOnly }: FindQuery): readonly EntryTypeName[] | undefined {
  const possible = toolName !== undefined ? TYPES_WITH_SUCCESS.slice(0, 1) : TYPES_WITH_SUCCESS;
  if (toolName === undefined && !failedOnly) return types;
  return types === undefined ? possible : possible.filter((type) => types.includes(type));
}

function isWanted(entryType: EntryType, { toolName, failedOnly }: FindQuery): boolean {
  if (toolName !== undefined && !(entryType.type === "tool_call" && entryType.toolName === toolName))
    return false;
  return !failedOnly || isFailure(entryType);
}

/** Where there is no text to find, a place shows the beginning of the entry. */
async function withBeginnings(scan: EntryScan, places: readonly FoundPlace[]): Promise<FoundPlace[]> {
  const shown: FoundPlace[] = [];
  for (const place of places)
    for await (const { content } of scan.entries({ after: place.seq - 1, before: place.seq + 1 }))
      shown.push({ ...place, snippet: previewText(content, SNIPPET) });
  return shown;
}

/** Of an entry that was not found by its text, in UTF-16 units. */
const SNIPPET = 180;

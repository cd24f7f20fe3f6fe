import type { EntryTypeName, SessionId, ViewedEntry, ViewedEntryPage } from "@thulp-sessions/core";
import { callName, isCall, isFailure } from "../../content/fold-entries.ts";
import { placesFrom, type SeqRanges } from "../../content/seq-ranges.ts";
import { calls } from "../../live/live.ts";
import type { EntryKind } from "../../url/session-state.ts";

/** Longer contents are cut by the server; the whole is asked for when somebody wants it. */
export const CONTENT_BYTES = 4096;
const PAGE_BYTES = 1024 * 1024;
const PAGE = 100;
/** Entries that lie apart are asked for one by one. */
const PAGE_APART = 32;

/** Some entries that follow each other in the order of their `seq`s. */
interface SourcePage {
  readonly entries: readonly ViewedEntry[];
  readonly epoch: string | null;
  /** There are further ones in the direction that was read. */
  readonly more: boolean;
}

/** Where the entries of a view come from: all of a session, or those of a kind. */
export interface EntrySource {
  /** From a `seq` on, that one included, upwards or downwards. */
  read(from: number, step: 1 | -1, signal: AbortSignal): Promise<SourcePage>;
  /** Is an entry that has come since one of them? */
  accepts(entry: ViewedEntry): boolean;
  /** Some of its entries have come or gone: what was found before is not all that there is. */
  change(): void;
}

const TYPES: Readonly<Partial<Record<EntryKind, readonly EntryTypeName[]>>> = {
  messages: ["user_message", "assistant_message", "system_message"],
  tools: ["tool_call", "skill_execution"],
  results: ["evaluation_result"],
};

export function openSource(id: SessionId, kind: EntryKind, tool: string): EntrySource {
  if (kind === "failed" || tool !== "") return new FoundEntriesSource(id, kind, tool);
  const types = TYPES[kind];
  return {
    read: (from, step, signal) => readPlain(id, types, from, step, signal),
    accepts: ({ entryType }) => !types || types.includes(entryType.type),
    change() {},
  };
}

async function readPlain(
  id: SessionId,
  types: readonly EntryTypeName[] | undefined,
  from: number,
  step: 1 | -1,
  signal: AbortSignal,
): Promise<SourcePage> {
  const page: ViewedEntryPage = await calls().entries.list.query(
    {
      id,
      ...(step === 1 ? { after: from - 1 } : { before: from + 1 }),
      direction: step === 1 ? "asc" : "desc",
      limit: PAGE,
      contentBytes: CONTENT_BYTES,
      pageBytes: PAGE_BYTES,
      ...(types && { types: [...types] }),
    },
    { signal },
  );
  const entries = step === 1 ? page.items : page.items.toReversed();
  return { entries, epoch: page.epoch, more: page.nextCursor !== null };
}

/** The entries that a search within the session finds: those that failed, or the calls of one tool. */
class FoundEntriesSource implements EntrySource {
  readonly #id: SessionId;
  readonly #failedOnly: boolean;
  readonly #tool: string;
  readonly #types: readonly EntryTypeName[] | undefined;
  #found: Promise<SeqRanges> | undefined;

  constructor(id: SessionId, kind: EntryKind, tool: string) {
    this.#id = id;
    this.#failedOnly = kind === "failed";
    this.#tool = tool;
    this.#types = TYPES[kind];
  }

  async read(from: number, step: 1 | -1, signal: AbortSignal): Promise<SourcePage> {
    this.#found ??= this.#search();
    const ranges = await this.#found.catch((error) => {
      this.#found = undefined;
      throw error;
    });
    const places = placesFrom(ranges, from, step, PAGE_APART + 1);
    const wanted = places.slice(0, PAGE_APART).sort((a, b) => a - b);
    const pages = await Promise.all(
      wanted.map((seq) =>
        calls().entries.list.query(
          {
            id: this.#id,
            after: seq - 1,
            before: seq + 1,
            contentBytes: CONTENT_BYTES,
            limit: 1,
            direction: "asc",
          },
          { signal },
        ),
      ),
    );
    return {
      entries: pages.flatMap(({ items }) => items),
      epoch: pages[0]?.epoch ?? null,
      more: places.length > PAGE_APART,
    };
  }

  accepts({ entryType }: ViewedEntry): boolean {
    if (this.#failedOnly && !isFailure(entryType)) return false;
    if (this.#tool !== "" && callName(entryType) !== this.#tool) return false;
    return isCall(entryType);
  }

  change(): void {
    this.#found = undefined;
  }

  async #search(): Promise<SeqRanges> {
    const { ranges = [] } = await calls().entries.search.query({
      id: this.#id,
      ...(this.#failedOnly && { failedOnly: true }),
      ...(this.#tool !== "" && { toolName: this.#tool }),
      ...(this.#types && { types: [...this.#types] }),
      limit: 1,
    });
    return ranges;
  }
}

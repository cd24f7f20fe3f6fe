import type { EntryTypeName, SessionId } from "@thulp-sessions/core";
import type { StoreViews } from "@thulp-sessions/core/store";
import {
  type AnswerCheck,
  ENTRY_PART,
  FACETS,
  FOUND_ENTRIES,
  FOUND_ENTRY,
  OUTLINE,
  RESOLVED,
  ROW_PAGE,
  SCORE_PAGE,
  TREE,
  TURN_PAGE,
  VIEWED_ENTRY_PAGE,
} from "./answers.ts";
import type { SessionClient } from "./client.ts";
import type { PageProgress } from "./page-progress.ts";

/** Calls the server, and checks its answer. */
type Ask = <T>(
  check: AnswerCheck<T>,
  call: (options: { readonly signal?: AbortSignal }) => Promise<T>,
) => Promise<T>;

/** Each view in one call: the server makes it of its own store, where nothing crosses the network. */
export function remoteViews(
  { entries, sessions }: SessionClient,
  ask: Ask,
  progress: PageProgress,
): StoreViews {
  const idOf = ({ id }: { readonly id: SessionId }) => id;
  const bySeq = { keyOf: ({ seq }: { readonly seq: number }) => [seq] };
  return {
    rows: async ({ include = [], ...query }) => {
      const input = { ...query, include: [...include] };
      // Their order cannot be seen: one that was changed since it was found has a new time.
      return progress.check(query, await ask(ROW_PAGE, (call) => sessions.list.query(input, call)), { idOf });
    },
    facets: ({ by, ...query }) =>
      ask(FACETS, (call) => sessions.facets.query({ ...query, by: [...by] }, call)),
    resolve: (prefix, limit) => ask(RESOLVED, (call) => sessions.resolve.query({ prefix, limit }, call)),
    tree: (id, query) => ask(TREE, (call) => sessions.tree.query({ ...query, id }, call)),
    scores: async (query) =>
      progress.check(query, await ask(SCORE_PAGE, (call) => sessions.scores.query(query, call)), {
        idOf: ({ metadata }) => idOf(metadata),
      }),
    entryPage: async (id, query) => {
      const input = { ...query, types: typesOf(query), id };
      const page = await ask(VIEWED_ENTRY_PAGE, (call) => entries.list.query(input, call));
      return progress.check(query, page, { ...bySeq, isFalling: query.direction === "desc" });
    },
    entry: (id, seq) => ask(FOUND_ENTRY, (call) => entries.get.query({ id, seq }, call)),
    part: (id, query) => ask(ENTRY_PART, (call) => entries.part.query({ ...query, id }, call)),
    outline: (id, buckets) => ask(OUTLINE, (call) => entries.outline.query({ id, buckets }, call)),
    turns: async (id, query) =>
      progress.check(
        query,
        await ask(TURN_PAGE, (call) => entries.turns.query({ ...query, id }, call)),
        bySeq,
      ),
    findEntries: async (id, query) => {
      const input = { ...query, types: typesOf(query), id };
      return progress.check(
        query,
        await ask(FOUND_ENTRIES, (call) => entries.search.query(input, call)),
        bySeq,
      );
    },
  };
}

/** As an array that may be changed, as inputs have them. */
function typesOf({ types }: { readonly types?: readonly EntryTypeName[] | undefined }) {
  return types && [...types];
}

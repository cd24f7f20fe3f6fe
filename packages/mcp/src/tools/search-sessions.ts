import { ENTRY_TYPE_NAMES, type SearchHit, type SessionId } from "@thulp-sessions/core";
import { z } from "zod";
import { AROUND_ROWS, answer, fittingPage } from "../answer.ts";
import { nameOf } from "../records.ts";
import type { Served } from "../served.ts";

const input = z.strictObject({
  text: z
    .string()
    .min(1)
    .max(4096)
    .describe('words that all have to be in one entry; "a phrase" in quotes; prefix* for beginnings'),
  types: z.array(z.enum(ENTRY_TYPE_NAMES)).max(20).optional().describe("only entries of these types"),
  tag: z.string().max(1000).optional().describe("only in sessions with this tag, exactly"),
  after: z.iso.datetime({ offset: true }).optional().describe("only entries later than this, ISO 8601"),
  before: z.iso.datetime({ offset: true }).optional().describe("only entries earlier than this, ISO 8601"),
  limit: z.int().min(1).max(100).default(10),
  cursor: z.string().max(10_000).optional().describe("next_cursor of the page before, of the same query"),
});

const hit = z.object({
  session_id: z.string(),
  session_name: z.string(),
  seq: z.number().nullable().describe("the place of the entry; null: the name of the session was found"),
  snippet: z.string().describe("the text around the first place that was found"),
});

const output = z.object({ hits: z.array(hit), next_cursor: z.string().nullable() });

/** Offers `search_sessions`. */
export function registerSearchSessions(served: Served): void {
  const { server, sessions, maxChars } = served;
  const { manager } = sessions;
  server.registerTool(
    "search_sessions",
    {
      title: "Search sessions",
      description: "Finds entries of past sessions, and sessions by name, in those that changed last first.",
      inputSchema: input,
      outputSchema: output,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ text, types, tag, after, before, limit, cursor }) =>
      answer(served, async () => {
        const filter = sessions.filter({ tag });
        const query = { text, types, filter, after: timeOf(after), before: timeOf(before), cursor };
        const { rows, nextCursor } = await fittingPage(
          limit,
          maxChars - AROUND_ROWS,
          (most) => manager.searchSessions({ ...query, limit: most }),
          rowsOf,
        );
        return { hits: rows, next_cursor: nextCursor };
      }),
  );

  async function rowsOf(hits: readonly SearchHit[]): Promise<z.infer<typeof hit>[]> {
    const names = await namesOf(hits.map(({ sessionId }) => sessionId));
    return hits.map(({ sessionId, seq, snippet }) => ({
      session_id: sessionId,
      session_name: names.get(sessionId) ?? "",
      seq,
      snippet,
    }));
  }

  async function namesOf(ids: readonly SessionId[]): Promise<Map<SessionId, string>> {
    const unique = [...new Set(ids)];
    if (unique.length === 0) return new Map();
    const { items } = await manager.pageSessions({ filter: { ids: unique }, limit: unique.length });
    return new Map(items.map((metadata) => [metadata.id, nameOf(metadata)]));
  }
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

import { SESSION_STATUSES, type SessionFilter, type SessionId } from "@thulp-sessions/core";
import { z } from "zod";
import { AROUND_ROWS, answer, fittingPage } from "../answer.ts";
import { recordOf, sessionId, sessionRecord } from "../records.ts";
import type { Served } from "../served.ts";

const input = z.strictObject({
  tag: z.string().max(1000).optional().describe("only sessions with this tag, exactly"),
  status: z.enum(SESSION_STATUSES).optional(),
  type: z.string().max(100).optional().describe("only this kind: conversation, agent, evaluation, ..."),
  name_contains: z.string().max(1000).optional().describe("a part of the name; case does not matter"),
  parent: sessionId.optional().describe("only what was forked from this session or belongs to it"),
  updated_after: z.iso.datetime({ offset: true }).optional().describe("ISO 8601"),
  limit: z.int().min(1).max(100).default(20),
  cursor: z.string().max(10_000).optional().describe("next_cursor of the page before, of the same query"),
});

const output = z.object({ sessions: z.array(sessionRecord), next_cursor: z.string().nullable() });

/** Offers `list_sessions`. */
export function registerListSessions(served: Served): void {
  const { server, sessions, maxChars } = served;
  server.registerTool(
    "list_sessions",
    {
      title: "List sessions",
      description: "Past sessions, the one that changed last first.",
      inputSchema: input,
      outputSchema: output,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    (args) =>
      answer(served, async () => {
        const { limit, cursor } = args;
        const query = { filter: sessions.filter(filterOf(args)), cursor };
        const { rows, nextCursor } = await fittingPage(
          limit,
          maxChars - AROUND_ROWS,
          (most) => sessions.manager.pageSessions({ ...query, limit: most }),
          (items) => items.map(recordOf),
        );
        return { sessions: rows, next_cursor: nextCursor };
      }),
  );
}

function filterOf(args: z.infer<typeof input>): SessionFilter {
  return {
    tag: args.tag,
    status: args.status,
    type: args.type,
    nameContains: args.name_contains,
    parent: args.parent as SessionId | undefined,
    updatedAfter: args.updated_after === undefined ? undefined : Date.parse(args.updated_after),
  };
}

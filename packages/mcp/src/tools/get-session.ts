import { z } from "zod";
import { answer, lengthOf } from "../answer.ts";
import { recordOf, sessionId, sessionRecord } from "../records.ts";
import type { Served } from "../served.ts";

const output = sessionRecord.extend({
  entry_count: z.number(),
  turn_count: z.number().describe("user messages that were answered"),
  imported_from: z
    .string()
    .nullable()
    .describe(
      "the tag of the agent that wrote it, null where none did: read_session shows its records as a conversation, and with raw as they are stored",
    ),
  context: z.record(z.string(), z.unknown()).describe("what the session keeps by key"),
  context_cut: z.boolean().describe("true where keys are missing, because they are long"),
});

/** Offers `get_session`. */
export function registerGetSession(served: Served): void {
  served.server.registerTool(
    "get_session",
    {
      title: "Look at a session",
      description:
        "What one session is: its name, status, times, tags, counts and context, without its entries.",
      inputSchema: z.strictObject({ id: sessionId }),
      outputSchema: output,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ id }) => answer(served, () => describedSession(served, id)),
  );
}

/** A session without its entries, as `get_session` answers with it. */
export async function describedSession(
  { sessions, maxChars, views }: Pick<Served, "sessions" | "maxChars" | "views">,
  id: string,
): Promise<z.infer<typeof output>> {
  const { metadata, entryCount, turnCount, context } = await sessions.head(id);
  const record = {
    ...recordOf(metadata),
    entry_count: entryCount,
    turn_count: turnCount,
    imported_from: views.tagOf(metadata.tags) ?? null,
  };
  let left = maxChars - lengthOf(record) - 100;
  const shown: [string, unknown][] = [];
  const keys = Object.keys(context);
  for (const key of keys) {
    // A long context has many keys: those behind the first that do not fit cost nothing.
    if (left < 0) break;
    const length = lengthOf(key) + lengthOf(context[key]) + 2;
    if (length > left) continue;
    left -= length;
    shown.push([key, context[key]]);
  }
  return { ...record, context: Object.fromEntries(shown), context_cut: shown.length < keys.length };
}

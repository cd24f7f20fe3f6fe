import {
  type EntryType,
  type JsonObject,
  type JsonValue,
  type NewEntry,
  SESSION_STATUSES,
  type SessionMetadata,
  type SessionType,
} from "@thulp-sessions/core";
import { z } from "zod";
import { answer } from "../answer.ts";
import { recordOf, sessionId, sessionRecord } from "../records.ts";
import type { Served } from "../served.ts";

const MAX_ENTRIES = 1000;

const name = z.string().min(1).max(1000);
const tags = z.array(z.string().min(1).max(1000)).max(100);
const context = z.record(z.string(), z.unknown());

const newEntry = z
  .strictObject({
    id: z.uuid().optional().describe("a UUID of yours: an entry that is there already is not added again"),
    type: z.enum(["user_message", "assistant_message", "system_message", "tool_call", "system_event"]),
    tool_name: z.string().max(1000).optional().describe("of a tool_call"),
    success: z.boolean().optional().describe("of a tool_call; true when absent"),
    event: z.string().max(1000).optional().describe("of a system_event: what happened"),
    content: z.unknown().describe("a text, or any JSON value"),
  })
  .refine(({ type, tool_name }) => type !== "tool_call" || tool_name !== undefined, {
    error: "a tool_call needs tool_name",
  })
  .refine(({ type, event }) => type !== "system_event" || event !== undefined, {
    error: "a system_event needs event",
  })
  .refine(({ content }) => content !== undefined, { error: "an entry needs content" });

const entries = z.array(newEntry).max(MAX_ENTRIES);

const WRITES = { readOnlyHint: false, destructiveHint: false, openWorldHint: false };

/** Offers `create_session`, `append_entries`, `fork_session` and `update_session`. */
export function registerWritingTools(served: Served): void {
  registerCreate(served);
  registerAppend(served);
  registerFork(served);
  registerUpdate(served);
}

function registerCreate(served: Served): void {
  const { server, sessions } = served;
  server.registerTool(
    "create_session",
    {
      title: "Create a session",
      description: "A new session, with its first entries if there are some.",
      inputSchema: z.strictObject({
        name,
        purpose: z
          .string()
          .max(1000)
          .optional()
          .describe("what the conversation is for; the name when absent"),
        agent_name: z.string().min(1).max(1000).optional().describe("makes it a session of this agent"),
        tags: tags.optional(),
        parent: sessionId.optional().describe("the session that this one belongs to"),
        context: context.optional(),
        entries: entries.optional(),
      }),
      outputSchema: sessionRecord,
      annotations: { ...WRITES, idempotentHint: false },
    },
    (args) =>
      answer(served, async () => {
        if (args.parent !== undefined) await sessions.head(args.parent);
        const type: SessionType =
          args.agent_name === undefined
            ? { type: "conversation", purpose: args.purpose ?? args.name }
            : { type: "agent", agentName: args.agent_name };
        const { metadata } = await sessions.manager.createSession(args.name, type, {
          tags: sessions.tags(args.tags ?? []),
          parentSession: args.parent,
          context: args.context as JsonObject | undefined,
          entries: args.entries?.map(entryOf),
        });
        return recordOf(metadata);
      }),
  );
}

function registerAppend(served: Served): void {
  const { server, sessions } = served;
  server.registerTool(
    "append_entries",
    {
      title: "Append entries",
      description: "Adds entries to the end of a session, all or none.",
      inputSchema: z.strictObject({ id: sessionId, entries: entries.min(1) }),
      outputSchema: z.object({ seqs: z.array(z.number()), entry_count: z.number() }),
      annotations: { ...WRITES, idempotentHint: false },
    },
    ({ id, entries: given }) =>
      answer(served, async () => {
        const { metadata } = await sessions.head(id);
        const result = await sessions.manager.addEntries(metadata.id, given.map(entryOf));
        return { seqs: result.entries.map(({ seq }) => seq), entry_count: result.entryCount };
      }),
  );
}

function registerFork(served: Served): void {
  const { server, sessions } = served;
  server.registerTool(
    "fork_session",
    {
      title: "Fork a session",
      description: "A new session that begins as another one, which stays as it is.",
      inputSchema: z.strictObject({
        id: sessionId,
        entry_count: z
          .int()
          .min(0)
          .optional()
          .describe("how many of the first entries it gets; all when absent"),
        name: name.optional(),
      }),
      outputSchema: sessionRecord.extend({ entry_count: z.number() }),
      annotations: { ...WRITES, idempotentHint: false },
    },
    ({ id, entry_count: entryCount, name: forkName }) =>
      answer(served, async () => {
        const { metadata } = await sessions.head(id);
        const fork = await sessions.manager.forkSession(metadata.id, { entryCount, name: forkName });
        return { ...recordOf(fork.metadata), entry_count: fork.entries.length };
      }),
  );
}

function registerUpdate(served: Served): void {
  const { server, sessions } = served;
  server.registerTool(
    "update_session",
    {
      title: "Change a session",
      description: "Changes its name, status, tags or context; entries stay.",
      inputSchema: z.strictObject({
        id: sessionId,
        name: name.optional(),
        status: z.enum(SESSION_STATUSES).optional(),
        add_tags: tags.optional(),
        remove_tags: tags.optional(),
        set_context: context.optional().describe("these keys; the others stay"),
      }),
      outputSchema: sessionRecord,
      annotations: { ...WRITES, idempotentHint: true },
    },
    (args) =>
      answer(served, async () => {
        const { metadata, version } = await sessions.head(args.id);
        const changesTags = args.add_tags !== undefined || args.remove_tags !== undefined;
        const changed = await sessions.manager.updateSession(
          metadata.id,
          {
            name: args.name,
            status: args.status,
            tags: changesTags ? sessions.tags(changedTags(metadata, args)) : undefined,
            setContext: args.set_context as JsonObject | undefined,
          },
          // Tags are stored as one list: what another call has changed meanwhile is not undone.
          { expectedVersion: changesTags ? version : undefined },
        );
        return recordOf(changed.metadata);
      }),
  );
}

function changedTags(
  metadata: SessionMetadata,
  {
    add_tags: added = [],
    remove_tags: removed = [],
  }: { add_tags?: string[] | undefined; remove_tags?: string[] | undefined },
): string[] {
  return [...new Set([...metadata.tags.filter((tag) => !removed.includes(tag)), ...added])];
}

function entryOf({
  id,
  type,
  tool_name,
  success = true,
  event = "",
  content,
}: z.infer<typeof newEntry>): NewEntry {
  const entryType: EntryType =
    type === "tool_call"
      ? { type, toolName: tool_name ?? "", success }
      : type === "system_event"
        ? { type, event }
        : { type };
  return { id, entryType, content: content as JsonValue };
}

import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { allSessions, type SessionId, type SessionStore } from "@thulp-sessions/core";
import type { ExportedFile } from "@thulp-sessions/transcripts";
import type { Context } from "../command/context.ts";
import { toFile } from "../output/to-file.ts";
import { plural } from "../render/text.ts";
import { Failure, usage } from "../terminal/exit.ts";
import type { AgentName } from "./agents.ts";

export interface ExportAsOptions {
  readonly as: AgentName;
  readonly output?: string | undefined;
  readonly force: boolean;
}

type Write = (bytes: Uint8Array) => Promise<void>;

/**
 * `export --as`: sessions as the agent's own files, byte for byte. To standard output the one transcript that
 * was asked for; into a folder with its sub-agents and what lies beside them, in the agent's own layout.
 */
export async function exportAs(
  context: Context,
  store: SessionStore,
  ids: readonly SessionId[],
  { as, output, force }: ExportAsOptions,
): Promise<void> {
  const { exportMembers, exportTranscript, exportSideFiles, isRedacted } = await import(
    "@thulp-sessions/transcripts"
  );
  for (const id of ids) await requireAgent(store, id, as);
  const altered: string[] = [];
  if (output === undefined) {
    const [id, ...others] = ids;
    if (id === undefined || others.length > 0) throw usage("Several sessions want a folder: --output DIR.");
    const { exact } = await exportTranscript(store, id, (bytes) => context.io.printJson(bytes));
    if (!exact) altered.push(id);
    return tell(altered, isRedacted(await store.head(id)));
  }
  const { base } = await context.config();
  let files = 0;
  const put = async (path: string, work: (write: Write) => Promise<ExportedFile>) => {
    await mkdir(resolve(base, output, dirname(path)), { recursive: true, mode: 0o700 });
    await toFile(context, join(output, path), force, async (write) => {
      if (!(await work(write)).exact) altered.push(path);
    });
    files++;
  };
  let hasRedacted = false;
  for (const id of await withSubAgents(store, ids)) {
    hasRedacted ||= isRedacted(await store.head(id));
    const before = files;
    for await (const member of exportMembers(store, id))
      await put(member.path, (write) => member.write(write));
    // Where it goes is known before the first byte is written.
    const path = await pathOf(store, id);
    if (files === before) await put(path, (write) => exportTranscript(store, id, write));
    for await (const side of exportSideFiles(store, id)) await put(side.path, (write) => side.write(write));
  }
  context.io.note(`${plural(files, "file")} written to ${output}`);
  tell(altered, hasRedacted);
}

function tell(altered: readonly string[], hasRedacted: boolean): void {
  if (altered.length === 0) return;
  const why = hasRedacted
    ? `secrets in ${altered.join(", ")} are replaced by marks, or entries were removed or changed since`
    : `entries of ${altered.join(", ")} were removed or changed since`;
  throw new Failure(`Not the bytes of the agent: ${why}.`);
}

async function pathOf(store: SessionStore, id: SessionId): Promise<string> {
  const { transcriptPath } = await import("@thulp-sessions/transcripts");
  return transcriptPath(await store.head(id));
}

async function requireAgent(store: SessionStore, id: SessionId, as: AgentName): Promise<void> {
  const { agentOf } = await import("@thulp-sessions/transcripts");
  const agent = agentOf(await store.head(id));
  if (agent === as) return;
  throw usage(
    agent === null
      ? `Session ${id} was not imported from another agent, so that it cannot be written as one's.`
      : `Session ${id} was imported from ${agent}: --as ${agent}.`,
  );
}

/** The sessions, and those that they started, theirs too. */
async function withSubAgents(store: SessionStore, ids: readonly SessionId[]): Promise<readonly SessionId[]> {
  const { isSubAgent } = await import("@thulp-sessions/transcripts");
  const all = new Set(ids);
  for (const parent of all)
    for await (const { id } of allSessions(store, { filter: { parent } }))
      if (!all.has(id) && isSubAgent(await store.head(id))) all.add(id);
  return [...all];
}

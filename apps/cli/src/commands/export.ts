import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { entryPages, type SessionId, type SessionStore, type StoredSession } from "@thulp-sessions/core";
import { markdownEntry, markdownHead } from "@thulp-sessions/core/text";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { idToLookAt } from "../input/session-id.ts";
import { toFile, type Write } from "../output/to-file.ts";
import { redactedSource } from "../redaction/redacted-source.ts";
import { Failure, usage } from "../terminal/exit.ts";
import { AGENT_NAMES, type AgentName } from "../transcripts/agents.ts";
import { viewFor } from "../transcripts/entry-views.ts";

const FORMATS = ["json", "jsonl", "markdown"] as const;

export function command(context: Context): AnyCommand {
  return newCommand("export")
    .description(
      "Writes sessions as JSON (the file that thulp-workspace keeps), as JSONL (a line for the session, then one for each entry) or as Markdown, to standard output or into a file. import takes the first two; nothing is lost on the way.",
    )
    .argument("<id...>", "the sessions, or the beginnings of their ids")
    .addOption(new Option("--format <format>", "how").choices(FORMATS).default("json" as const))
    .option(
      "-o, --output <path>",
      "a new file; with --format json and several sessions a folder of {id}.json",
    )
    .addOption(
      new Option(
        "--as <agent>",
        "as the files of the agent that they were imported from, byte for byte; --output is a folder",
      )
        .choices(AGENT_NAMES)
        .conflicts(["format", "allowLossy"]),
    )
    .option(
      "--redact",
      "with a mark in the place of what surely is a secret; says on standard error what was where",
    )
    .option("--force", "write over a file that is there")
    .option("--allow-lossy", "write numbers that JavaScript cannot hold as it rounds them")
    .addHelpText(
      "after",
      examples(
        "export 0190a3c5 --output session.json",
        "export 0190a3c5 --format markdown > session.md",
        "export 0190a3c5 0190b111 --format jsonl -o two.jsonl",
        "export 0190a3c5 --as claude-code -o back",
        "export 0190a3c5 --redact --format markdown -o to-share.md",
      ),
    )
    .action(async (typed, { redact, ...options }) => {
      const store = await context.store();
      const source = redact ? await redactedSource(context, store) : undefined;
      try {
        await writeSessions(context, source?.store ?? store, typed, options);
      } finally {
        source?.tell();
      }
    });
}

interface ExportOptions {
  readonly format: (typeof FORMATS)[number];
  readonly output?: string | undefined;
  readonly as?: AgentName | undefined;
  readonly force?: boolean | undefined;
  readonly allowLossy?: boolean | undefined;
}

async function writeSessions(
  context: Context,
  store: SessionStore,
  typed: readonly string[],
  { format, output, as, force = false, allowLossy = false }: ExportOptions,
): Promise<void> {
  const { io } = context;
  const ids: SessionId[] = [];
  for (const each of typed) {
    const { metadata } = await store.head(await idToLookAt(context, store, each));
    if (!ids.includes(metadata.id)) ids.push(metadata.id);
  }
  if (as !== undefined) {
    const { exportAs } = await import("../transcripts/export-as.ts");
    return exportAs(context, store, ids, { as, output, force });
  }
  if (format === "json" && ids.length > 1) {
    if (output === undefined)
      throw usage("Several sessions as JSON want a folder: --output DIR; or use --format jsonl.");
    const { base } = await context.config();
    await mkdir(resolve(base, output), { recursive: true, mode: 0o700 });
    for (const id of ids)
      await toFile(context, join(output, `${id}.json`), force, (write) =>
        writeJson(store, id, allowLossy, write),
      );
    return io.note(`${ids.length} sessions written to ${output}`);
  }
  const work = async (write: Write) => {
    for (const [i, id] of ids.entries()) {
      if (format === "json") await writeJson(store, id, allowLossy, write);
      else if (format === "jsonl") await writeLines(store, id, allowLossy, write);
      else {
        if (i > 0) await write("\n---\n\n");
        await writeMarkdown(store, id, write);
      }
    }
  };
  if (output === undefined)
    return work((part) =>
      typeof part === "string" && format === "markdown" ? io.print(part) : io.printJson(part),
    );
  io.note(`written to ${await toFile(context, output, force, work)}`);
}

async function writeJson(
  store: SessionStore,
  id: SessionId,
  allowLossy: boolean,
  write: Write,
): Promise<void> {
  const { sessionText } = await import("@thulp-sessions/config");
  const { metadata, context, entryCount, epoch, inexact } = await store.head(id);
  refuseInexact({ metadata, entries: [], ...(inexact && { inexact }) }, allowLossy);
  async function* pages() {
    for await (const { entries } of entryPages(store, id, 0, entryCount)) {
      refuseInexact({ metadata, entries }, allowLossy);
      yield entries;
    }
    // What was appended meanwhile follows; what was there may have been replaced.
    if ((await store.head(id)).epoch !== epoch)
      throw new Failure(`Session ${id} was changed while it was written. Try again.`);
  }
  for await (const part of sessionText({ metadata, context }, pages)) await write(part);
}

async function writeLines(
  store: SessionStore,
  id: SessionId,
  allowLossy: boolean,
  write: Write,
): Promise<void> {
  const { metadata, context, entryCount, inexact } = await store.head(id);
  refuseInexact({ metadata, entries: [], ...(inexact && { inexact }) }, allowLossy);
  await write(`${JSON.stringify({ type: "session", metadata, context })}\n`);
  for await (const { entries } of entryPages(store, id, 0, entryCount)) {
    refuseInexact({ metadata, entries }, allowLossy);
    for (const { id: entryId, timestamp, entryType, content } of entries)
      await write(`${JSON.stringify({ type: "entry", id: entryId, timestamp, entryType, content })}\n`);
  }
}

async function writeMarkdown(store: SessionStore, id: SessionId, write: Write): Promise<void> {
  const head = await store.head(id);
  await write(markdownHead(head));
  const view = await viewFor(head.metadata);
  for await (const { entries } of entryPages(store, id, 0, head.entryCount))
    for (const entry of entries) await write(markdownEntry(entry, view));
}

function refuseInexact(
  { metadata, entries, inexact }: Pick<StoredSession, "metadata" | "entries" | "inexact">,
  allowLossy: boolean,
): void {
  const place = inexact ? "the context" : entries.find((entry) => entry.inexact)?.seq;
  if (place === undefined || allowLossy) return;
  const where = typeof place === "number" ? `entry ${place}` : place;
  throw new Failure(
    `Session ${metadata.id}: ${where} holds a number that JavaScript can only round. --allow-lossy writes it rounded.`,
  );
}

import { setTimeout as wait } from "node:timers/promises";
import { Option } from "@commander-js/extra-typings";
import {
  entryToken,
  isSessionError,
  SessionManager,
  type SessionStore,
  type StoredEntry,
} from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { idToLookAt } from "../input/session-id.ts";
import { parseCount } from "../input/when.ts";
import { AgentNotes } from "../render/agent-notes.ts";
import { renderEntry } from "../render/entry.ts";
import { plural } from "../render/text.ts";
import { EXIT, Failure } from "../terminal/exit.ts";
import { viewFor } from "../transcripts/entry-views.ts";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
const FOLDED_LINES = 12;

export function command(context: Context): AnyCommand {
  return newCommand("tail")
    .description("Shows the last entries of a session; with --follow also those to come, until Ctrl-C.")
    .argument("<id>", "the session, or the beginning of its id")
    .addOption(
      new Option("-n, --last <n>", "how many to begin with").argParser(parseCount(0, 1000)).default(10),
    )
    .option("-f, --follow", "go on with what is added; a server that restarts is waited for")
    .option("--full", "long contents whole, not folded; and an agent's notes for itself")
    .option("--jsonl", "one JSON text a line: {type: entry | rewound | deleted, ...}")
    .addHelpText(
      "after",
      examples("tail 0190a3c5 --follow", "tail 0190a3c5 -f --jsonl --store http://127.0.0.1:4664"),
    )
    .action(async (typed, options) => {
      const { io } = context;
      const store = await context.store();
      const id = await idToLookAt(context, store, typed);
      const style = {
        colors: io.colors,
        width: io.terminal ? io.width : 0,
        fold: options.full ? 0 : FOLDED_LINES,
      };
      const view = await viewFor((await store.head(id)).metadata);
      const notes = new AgentNotes(io.colors);
      const sayNotes = async () => {
        const line = notes.take();
        if (line !== null) await io.print(`${line}\n\n`);
      };
      const show = {
        async entry(entry: StoredEntry) {
          if (options.jsonl) return io.printJson(`${JSON.stringify({ type: "entry", entry })}\n`);
          if (!options.full && view.isAside(entry)) return notes.add();
          await sayNotes();
          await io.print(`${renderEntry(entry, view, style)}\n`);
        },
        async event(event: Readonly<Record<string, unknown>>, text: string) {
          if (options.jsonl) return io.printJson(`${JSON.stringify(event)}\n`);
          await sayNotes();
          await io.print(`${io.colors.yellow(`-- ${text}`)}\n\n`);
        },
      };
      const last = await lastEntries(store, id, options.last);
      for (const entry of last.shown) await show.entry(entry);
      await sayNotes();
      if (!options.follow) return;
      context.showWarningsImmediately();
      await context.interruptible(async (signal) => {
        if (io.terminal && !options.jsonl) io.note(io.colors.dim("following; Ctrl-C ends it"));
        await follow(context, store, id, last.token, show, signal);
        if (signal.aborted) throw new Failure("", EXIT.interrupted);
      });
    });
}

/** What is shown first, and where to go on from. */
async function lastEntries(
  store: SessionStore,
  id: string,
  count: number,
): Promise<{ shown: readonly StoredEntry[]; token: string | undefined }> {
  const items: StoredEntry[] = [];
  let cursor: string | undefined;
  let epoch: string;
  do {
    const page = await store.readEntries(id, { last: Math.max(1, count), cursor });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
    ({ epoch } = page);
  } while (cursor !== undefined);
  const last = items.at(-1);
  return { shown: count === 0 ? [] : items, token: last && entryToken(last, epoch) };
}

interface EventPrinter {
  entry(entry: StoredEntry): Promise<void>;
  event(event: Readonly<Record<string, unknown>>, text: string): Promise<void>;
}

/** Shows every event after the token. A server that is away is asked again, ever more seldom. */
async function follow(
  context: Context,
  store: SessionStore,
  id: string,
  after: string | undefined,
  show: EventPrinter,
  signal: AbortSignal,
): Promise<void> {
  const manager = new SessionManager(store, { cacheSize: 0 });
  let token = after ?? "start";
  let pause = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      for await (const event of manager.subscribe(id, { after: token, signal })) {
        if (pause > FIRST_WAIT_MS) context.io.note("the server is back");
        pause = FIRST_WAIT_MS;
        if (event.type === "entry") await show.entry(event.entry);
        else if (event.type === "deleted")
          return await show.event({ type: "deleted" }, "the session was deleted");
        else {
          const { entryCount } = event;
          await show.event(
            { type: "rewound", entryCount },
            `rewound to ${plural(entryCount, "entry", "entries")}`,
          );
        }
        token = event.token;
      }
      if (!signal.aborted) throw new Failure("The store was closed.");
    } catch (error) {
      const away = isSessionError(error, "io") && store.kind === "http";
      if (!away || signal.aborted) {
        if (signal.aborted) return;
        throw error;
      }
      if (pause === FIRST_WAIT_MS) context.io.note(`${(error as Error).message} Trying again.`);
      await wait(pause, undefined, { signal }).catch(() => {});
      pause = Math.min(LONGEST_WAIT_MS, pause * 2);
    }
  }
}

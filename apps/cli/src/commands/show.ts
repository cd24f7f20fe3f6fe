import { Option } from "@commander-js/extra-typings";
import {
  ENTRY_TYPE_NAMES,
  type EntryTypeName,
  entryPages,
  type SessionHead,
  type SessionStore,
  type StoredEntry,
} from "@thulp-sessions/core";
import { SessionTally } from "@thulp-sessions/core/view";
import { InvalidArgumentError } from "commander";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { idToLookAt } from "../input/session-id.ts";
import { parseCount } from "../input/when.ts";
import { AgentNotes } from "../render/agent-notes.ts";
import { type EntryStyle, renderEntry } from "../render/entry.ts";
import { headLines } from "../render/head.ts";
import { printJson } from "../render/json.ts";
import { summaryLines, usageJson, usageStyle } from "../render/usage.ts";
import { usage } from "../terminal/exit.ts";
import { type Print, paged } from "../terminal/pager.ts";
import { viewFor } from "../transcripts/entry-views.ts";
import { readPrices } from "../usage/read-prices.ts";

const PAGE = 100;
const FOLDED_LINES = 12;

interface Wanted {
  readonly from: number;
  /** The last one, inclusive. */
  readonly to: number;
  readonly last: number | undefined;
  readonly types: readonly EntryTypeName[] | undefined;
}

export function command(context: Context): AnyCommand {
  return newCommand("show")
    .description("Shows a session as a person reads it, through a pager on a terminal.")
    .argument("<id>", "the session, or the beginning of its id")
    .option(
      "--entries <range>",
      "only these, counted from 0, both ends included: 20..40, 20.., ..40, 7",
      parseRange,
    )
    .addOption(
      new Option("--last <n>", "only the last n").argParser(parseCount(1, 1000)).conflicts("entries"),
    )
    .option("--types <list>", `only these: ${ENTRY_TYPE_NAMES.join(",")}`, parseTypes)
    .option("--full", "long contents whole, not folded; and an agent's notes for itself")
    .option("--raw", "texts as they are: all of them, not folded, not wrapped, without colours")
    .addOption(new Option("--head", "no entries").conflicts("summary"))
    .addOption(
      new Option(
        "--summary",
        "in place of the entries what they add up to: turns, tokens, cost, tools, files",
      ).conflicts(["jsonl", "entries", "last", "types"]),
    )
    .option("--prices <file>", "what models cost, as JSON, in place of the built-in list")
    .option("--no-pager", "do not page")
    .addOption(new Option("--json", "one JSON text: {metadata, context, entries}").conflicts("jsonl"))
    .option("--jsonl", "the entries, one JSON text a line")
    .addHelpText(
      "after",
      examples(
        "show 0190a3c5",
        "show 0190a3c5 --last 10",
        "show 0190a3c5 --entries 20..40 --full",
        "show 0190a3c5 --summary",
        "show 0190a3c5 --jsonl | jq .content",
      ),
    )
    .action(async (typed, options) => {
      const { io } = context;
      if (options.prices !== undefined && !options.summary)
        throw usage("--prices goes with --summary: nothing else has a price.");
      const store = await context.store();
      const id = await idToLookAt(context, store, typed);
      const head = await store.head(id);
      if (options.summary) return showSummary(context, store, head, options);
      const wanted: Wanted = {
        from: options.entries?.from ?? 0,
        to: options.entries?.to ?? Number.MAX_SAFE_INTEGER - 1,
        last: options.last,
        types: options.types,
      };
      if (wanted.from >= head.entryCount && options.entries)
        throw usage(`--entries: session ${id} has ${head.entryCount} entries, 0 to ${head.entryCount - 1}.`);
      const entries = options.head ? [] : entriesOf(store, id, wanted);
      if (options.jsonl) return printLines(entries, (text) => io.printJson(text));
      if (options.json) return printWhole(head, entries, options.head === true, (text) => io.printJson(text));
      const { colors, width } = io;
      const style = {
        colors: options.raw ? colors.off : colors,
        width: options.raw || !io.terminal ? 0 : width,
        fold: options.raw || options.full ? 0 : FOLDED_LINES,
      };
      const isAll = options.full || options.raw || options.types !== undefined || wanted.from === wanted.to;
      const conversation = { head, entries, from: wanted.from, isAll: isAll === true };
      await paged(io, options.pager, (print) => printConversation(context, conversation, style, print));
    });
}

interface Conversation {
  readonly head: SessionHead;
  readonly entries: AsyncIterable<StoredEntry> | readonly StoredEntry[];
  readonly from: number;
  /** With what an agent has noted for itself. */
  readonly isAll: boolean;
}

async function printConversation(
  { now }: Context,
  { head, entries, from, isAll }: Conversation,
  style: EntryStyle,
  print: Print,
): Promise<void> {
  const { colors } = style;
  const view = await viewFor(head.metadata);
  await print(`${headLines(head, colors, now).join("\n")}\n`);
  let before = from - 1;
  const notes = new AgentNotes(colors);
  const sayNotes = async () => {
    const line = notes.take();
    if (line !== null) await print(`\n${line}\n`);
  };
  for await (const entry of entries) {
    const skipped = entry.seq - before - 1;
    before = entry.seq;
    if (skipped > 0) {
      await sayNotes();
      await print(`\n${colors.dim(`  … ${skipped} not shown`)}\n`);
    }
    if (!isAll && view.isAside(entry)) notes.add();
    else {
      await sayNotes();
      await print(`\n${renderEntry(entry, view, style)}`);
    }
  }
  await sayNotes();
}

async function showSummary(
  context: Context,
  store: SessionStore,
  head: SessionHead,
  { json, prices: path }: { readonly json?: true | undefined; readonly prices?: string | undefined },
): Promise<void> {
  const { io } = context;
  const prices = await readPrices(context, path);
  const tally = new SessionTally(await viewFor(head.metadata), prices);
  for await (const { entries } of entryPages(store, head.metadata.id, 0, head.entryCount))
    for (const entry of entries) tally.add(entry);
  const summary = tally.summary();
  if (json) return printJson(io, { ...head, summary: usageJson(summary, prices) });
  const facts = summaryLines(summary, prices, usageStyle(io));
  const lines = [...headLines(head, io.colors, context.now), "", ...facts];
  await io.print(`${lines.join("\n")}\n`);
}

async function* entriesOf(
  store: SessionStore,
  id: string,
  { from, to, last, types }: Wanted,
): AsyncGenerator<StoredEntry> {
  const range = last === undefined ? { after: from - 1, before: to + 1, limit: PAGE } : { last };
  let cursor: string | undefined;
  do {
    const page = await store.readEntries(id, { ...range, types, cursor });
    yield* page.items;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

async function printLines(
  entries: AsyncIterable<StoredEntry> | readonly StoredEntry[],
  print: Print,
): Promise<void> {
  for await (const entry of entries) await print(`${JSON.stringify(entry)}\n`);
}

/** Piece by piece: a session may be larger than a string can be. */
async function printWhole(
  head: SessionHead,
  entries: AsyncIterable<StoredEntry> | readonly StoredEntry[],
  onlyHead: boolean,
  print: Print,
): Promise<void> {
  if (onlyHead) return print(`${JSON.stringify(head, null, 2)}\n`);
  await print(JSON.stringify(head, null, 2).slice(0, -2));
  await print(`,\n  "entries": [`);
  let first = true;
  for await (const entry of entries) {
    const text = JSON.stringify(entry, null, 2).replaceAll("\n", "\n    ");
    await print(`${first ? "" : ","}\n    ${text}`);
    first = false;
  }
  await print(first ? "]\n}\n" : "\n  ]\n}\n");
}

function parseRange(text: string): { from: number; to: number } {
  const [, first, dots, second] = /^(\d*)(\.\.)?(\d*)$/.exec(text) ?? [];
  if (first === undefined || (first === "" && !second))
    throw new InvalidArgumentError("expected e.g. 20..40, 20.., ..40 or 7.");
  const from = first === "" ? 0 : Number(first);
  const to = dots === undefined ? from : second ? Number(second) : Number.MAX_SAFE_INTEGER - 1;
  if (to < from || !Number.isSafeInteger(to + 1)) throw new InvalidArgumentError("it ends before it begins.");
  return { from, to };
}

function parseTypes(text: string): EntryTypeName[] {
  return text.split(",").map((each) => {
    const found = ENTRY_TYPE_NAMES.find((name) => name === each.trim());
    if (!found) throw new InvalidArgumentError(`"${each}" is none of ${ENTRY_TYPE_NAMES.join(", ")}.`);
    return found;
  });
}

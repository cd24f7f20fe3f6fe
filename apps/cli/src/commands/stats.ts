import { Option } from "@commander-js/extra-typings";
import {
  allHeads,
  entryPages,
  isSessionError,
  SESSION_STATUSES,
  SESSION_TYPE_NAMES,
  type SessionId,
  type SessionStore,
} from "@thulp-sessions/core";
import { groupDigits } from "@thulp-sessions/core/text";
import { type PriceList, type SessionSummary, SessionTally, SummarySum } from "@thulp-sessions/core/view";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { filterOf, withFilterOptions } from "../input/filter-options.ts";
import { parseCount } from "../input/when.ts";
import { truncate } from "../render/columns.ts";
import { printJson } from "../render/json.ts";
import { bar, facts } from "../render/table.ts";
import { padStart, plural, shownName } from "../render/text.ts";
import { bytes, day } from "../render/time.ts";
import { copiedText, toolLines, usageJson, usageLines, usageStyle } from "../render/usage.ts";
import { usage } from "../terminal/exit.ts";
import { viewFor } from "../transcripts/entry-views.ts";
import { readPrices } from "../usage/read-prices.ts";

const BAR_COLUMNS = 24;

export function command(context: Context): AnyCommand {
  return withFilterOptions(newCommand("stats"))
    .description(
      "Counts sessions by status, type and day of making, their entries and how large these are, and names the largest. Sizes are those of the contents as JSON.",
    )
    .addOption(new Option("--days <n>", "how many days to show").argParser(parseCount(1, 366)).default(14))
    .addOption(
      new Option("--largest <n>", "how many of the largest to name").argParser(parseCount(0, 100)).default(5),
    )
    .option("--no-sizes", "only count: nothing that was said is read, so that it is quick")
    .option("--usage", "also what imported sessions say: tokens and costs by model, tools, files")
    .option("--prices <file>", "what models cost, as JSON, in place of the built-in list")
    .option("--json", "one JSON text")
    .addHelpText(
      "after",
      examples(
        "stats",
        "stats --since 30d --days 30",
        "stats --usage --tag agent:claude-code",
        "stats --tag eval --json",
      ),
    )
    .action(async (options) => {
      const { io } = context;
      if (options.usage && !options.sizes) throw usage("--usage reads the entries: leave --no-sizes out.");
      if (options.prices !== undefined && !options.usage)
        throw usage("--prices goes with --usage: nothing else has a price.");
      const prices = options.usage ? await readPrices(context, options.prices) : undefined;
      const store = await context.store();
      const found = await count(store, filterOf(options), { ...options, prices });
      const { usage: used, ...counts } = found;
      if (options.json)
        return printJson(io, { ...counts, ...(used && prices ? { usage: usageJson(used, prices) } : {}) });
      const { colors } = io;
      await io.line(
        `${colors.bold(plural(found.sessions, "session"))}, ${plural(found.entries, "entry", "entries")}, ${plural(found.turns, "turn")}${found.bytes === undefined ? "" : `, ${bytes(found.bytes)}`}  ${colors.dim(store.location)}`,
      );
      if (found.unreadable > 0)
        await io.line(
          colors.red(`${plural(found.unreadable, "session")} cannot be read whole: thulp-sessions check`),
        );
      if (found.sessions === 0) return;
      await chart(context, "by status", Object.entries(found.byStatus));
      await chart(context, "by type", Object.entries(found.byType));
      const days = Object.entries(found.byDay).slice(-options.days);
      await chart(context, "by day", days);
      await printLargest(context, found.largest);
      if (used && prices) await printUsage(context, used, prices);
    });
}

async function printLargest({ io }: Context, sessions: readonly Counted[]): Promise<void> {
  if (sessions.length === 0) return;
  await io.line(`\n${io.colors.dim("the largest")}`);
  for (const { id, name, entries, bytes: size } of sessions) {
    const figures = `${padStart(plural(entries, "entry", "entries"), 15)}${size === undefined ? "" : padStart(bytes(size), 12)}`;
    await io.line(
      `${figures}  ${io.colors.yellow(id)}  ${truncate(shownName(name), Math.max(10, io.width - 56 - (size === undefined ? 0 : 12)))}`,
    );
  }
}

async function printUsage({ io }: Context, used: SessionSummary, prices: PriceList): Promise<void> {
  const { colors } = io;
  const style = usageStyle(io);
  const { copied, files } = used;
  const lines = [
    ...usageLines(used, prices, style),
    ...(copied.requests + copied.entries > 0
      ? [colors.dim(`What forks have copied (${copiedText(copied)}) is counted once.`)]
      : []),
    ...toolLines(used.tools, style),
    ...(files.length > 0 ? ["", `${plural(files.length, "file")} changed`] : []),
  ];
  await io.print(`${lines.join("\n")}\n`);
}

interface Counted {
  readonly id: string;
  readonly name: string;
  readonly entries: number;
  /** Of the contents as JSON; absent where they are not read. */
  readonly bytes?: number;
}

async function count(
  store: SessionStore,
  filter: ReturnType<typeof filterOf>,
  {
    largest: largestCount,
    sizes,
    prices,
  }: { readonly largest: number; readonly sizes: boolean; readonly prices: PriceList | undefined },
) {
  const byStatus: Record<string, number> = Object.fromEntries(SESSION_STATUSES.map((status) => [status, 0]));
  const byType: Record<string, number> = Object.fromEntries(SESSION_TYPE_NAMES.map((type) => [type, 0]));
  const byDay = new Map<string, number>();
  let largest: Counted[] = [];
  let bytesOfAll = 0;
  const sums = { sessions: 0, entries: 0, turns: 0, unreadable: 0 };
  // What a fork has copied counts in the session that is older.
  const countedRequests = new Set<string>();
  const used = prices && new SummarySum();
  const query = { filter, orderBy: "createdAt", direction: "asc" } as const;
  for await (const listed of allHeads(store, query)) {
    const { id, name, status, sessionType, createdAt, tags } = listed.metadata;
    sums.sessions++;
    byStatus[status] = (byStatus[status] ?? 0) + 1;
    byType[sessionType.type] = (byType[sessionType.type] ?? 0) + 1;
    byDay.set(day(createdAt), (byDay.get(day(createdAt)) ?? 0) + 1);
    if ("damaged" in listed) {
      sums.unreadable++;
      continue;
    }
    const { entryCount, turnCount } = listed;
    try {
      const tally = prices && new SessionTally(await viewFor({ tags }), prices);
      const size = sizes ? await sizeOf(store, id, entryCount, tally) : undefined;
      if (tally) used?.add(tally.summary(countedRequests));
      sums.entries += entryCount;
      sums.turns += turnCount;
      bytesOfAll += size ?? 0;
      largest.push({ id, name, entries: entryCount, ...(size === undefined ? {} : { bytes: size }) });
    } catch (error) {
      if (isSessionError(error, "not_found")) continue;
      if (!isSessionError(error, "corrupt") && !isSessionError(error, "unsupported")) throw error;
      sums.unreadable++;
    }
    if (largest.length > largestCount + 1000) largest = biggest(largest, largestCount);
  }
  const days = Object.fromEntries([...byDay].sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    ...sums,
    ...(sizes ? { bytes: bytesOfAll } : {}),
    byStatus,
    byType,
    byDay: days,
    largest: biggest(largest, largestCount),
    usage: used?.total(),
  };
}

/** @param tally is given each entry on the way. */
async function sizeOf(
  store: SessionStore,
  id: SessionId,
  entryCount: number,
  tally: SessionTally | undefined,
): Promise<number> {
  let size = 0;
  for await (const { entries } of entryPages(store, id, 0, entryCount)) {
    for (const entry of entries) {
      size += Buffer.byteLength(JSON.stringify(entry.content));
      tally?.add(entry);
    }
  }
  return size;
}

function biggest(sessions: readonly Counted[], howMany: number): Counted[] {
  return sessions
    .toSorted((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0) || b.entries - a.entries)
    .slice(0, howMany);
}

async function chart(
  { io }: Context,
  title: string,
  values: readonly (readonly [string, number])[],
): Promise<void> {
  const shown = values.filter(([, value]) => value > 0);
  if (shown.length === 0) return;
  const most = Math.max(...shown.map(([, value]) => value));
  const digits = groupDigits(most).length;
  await io.line(`\n${io.colors.dim(title)}`);
  const pairs = shown.map(
    ([name, value]) =>
      [
        `  ${name}`,
        `${padStart(groupDigits(value), digits)}  ${io.colors.cyan(bar(value, most, BAR_COLUMNS))}`,
      ] as const,
  );
  await io.print(`${facts(pairs, io.colors).join("\n")}\n`);
}

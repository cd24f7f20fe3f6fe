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
    .option("--json", "one JSON text")
    .addHelpText("after", examples("stats", "stats --since 30d --days 30", "stats --tag eval --json"))
    .action(async (options) => {
      const { io } = context;
      const store = await context.store();
      const found = await count(store, filterOf(options), options);
      if (options.json) return printJson(io, found);
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
      if (found.largest.length === 0) return;
      await io.line(`\n${colors.dim("the largest")}`);
      for (const { id, name, entries, bytes: size } of found.largest) {
        const figures = `${padStart(plural(entries, "entry", "entries"), 15)}${size === undefined ? "" : padStart(bytes(size), 12)}`;
        await io.line(
          `${figures}  ${colors.yellow(id)}  ${truncate(shownName(name), Math.max(10, io.width - 56 - (size === undefined ? 0 : 12)))}`,
        );
      }
    });
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
  { largest: largestCount, sizes }: { readonly largest: number; readonly sizes: boolean },
) {
  const byStatus: Record<string, number> = Object.fromEntries(SESSION_STATUSES.map((status) => [status, 0]));
  const byType: Record<string, number> = Object.fromEntries(SESSION_TYPE_NAMES.map((type) => [type, 0]));
  const byDay = new Map<string, number>();
  let largest: Counted[] = [];
  let bytesOfAll = 0;
  const sums = { sessions: 0, entries: 0, turns: 0, unreadable: 0 };
  const query = { filter, orderBy: "createdAt", direction: "asc" } as const;
  for await (const listed of allHeads(store, query)) {
    const { id, name, status, sessionType, createdAt } = listed.metadata;
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
      const size = sizes ? await sizeOf(store, id, entryCount) : undefined;
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
  };
}

async function sizeOf(store: SessionStore, id: SessionId, entryCount: number): Promise<number> {
  let size = 0;
  for await (const { entries } of entryPages(store, id, 0, entryCount))
    for (const { content } of entries) size += Buffer.byteLength(JSON.stringify(content));
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
  const digits = most.toLocaleString("en").length;
  await io.line(`\n${io.colors.dim(title)}`);
  const pairs = shown.map(
    ([name, value]) =>
      [
        `  ${name}`,
        `${padStart(value.toLocaleString("en"), digits)}  ${io.colors.cyan(bar(value, most, BAR_COLUMNS))}`,
      ] as const,
  );
  await io.print(`${facts(pairs, io.colors).join("\n")}\n`);
}

import { Option } from "@commander-js/extra-typings";
import { COUNTED_FIELDS, MAX_PAGE, type SessionMetadata } from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { filterOf, parentOption, rootsOption, withFilterOptions } from "../input/filter-options.ts";
import { idToLookAt } from "../input/session-id.ts";
import { parseCount } from "../input/when.ts";
import { printValues } from "../output/value-counts.ts";
import { printJson, printJsonLines } from "../render/json.ts";
import { sessionLine, sessionTable } from "../render/session-table.ts";
import { plural } from "../render/text.ts";

export function command(context: Context): AnyCommand {
  // Longer than most functions: half of it is the table of options.
  return withFilterOptions(newCommand("list"))
    .description(
      "Lists sessions. Into a pipe: one line each, whole ids, columns separated by tabs (id, name, type, status, changed, tags).",
    )
    .addOption(parentOption)
    .addOption(rootsOption)
    .addOption(
      new Option("--order <by>", "by the time of the last change or of the making")
        .choices(["updated", "created"] as const)
        .default("updated" as const)
        .conflicts("groupBy"),
    )
    .addOption(new Option("--reverse", "oldest first").conflicts("groupBy"))
    .addOption(new Option("-n, --limit <n>", "how many at most").argParser(parseCount(1)).default(50))
    .addOption(new Option("--all", "all that match").conflicts("limit"))
    .option("--cursor <cursor>", "the next page: what --json gave as nextCursor, with the same options")
    .addOption(new Option("--count", "only how many match").conflicts("groupBy"))
    .addOption(
      new Option(
        "--group-by <field>",
        "only how many there are of each value, the most frequent first",
      ).choices(COUNTED_FIELDS),
    )
    .addOption(new Option("--json", "one JSON text: {items, nextCursor}").conflicts("jsonl"))
    .option("--jsonl", "one JSON text a line")
    .addHelpText(
      "after",
      examples(
        "list --status active --since 2d",
        "list --tag eval --type evaluation --order created --limit 20",
        `list --where '{"or":[{"status":"failed"},{"nameContains":"deploy"}]}' --jsonl`,
        "list --group-by tag --since 30d",
        "list --all --jsonl | wc -l",
      ),
    )
    .action(async (options) => {
      const { io, now } = context;
      const store = await context.store();
      const parent =
        options.parent === undefined ? undefined : await idToLookAt(context, store, options.parent);
      const filter = filterOf({ ...options, parent });
      if (options.count) {
        const count = await store.count(filter);
        return options.json ? printJson(io, { count }) : io.line(String(count));
      }
      if (options.groupBy !== undefined)
        return printValues(context, store, filter, { ...options, by: options.groupBy });
      const wanted = options.all ? Number.POSITIVE_INFINITY : options.limit;
      const query = {
        filter,
        orderBy: options.order === "created" ? ("createdAt" as const) : ("updatedAt" as const),
        direction: options.reverse ? ("asc" as const) : ("desc" as const),
      };
      const forPeople = io.terminal && !options.json && !options.jsonl;
      const items: SessionMetadata[] = [];
      let shown = 0;
      let cursor = options.cursor;
      do {
        const page = await store.list({ ...query, limit: Math.min(MAX_PAGE, wanted - shown), cursor });
        shown += page.items.length;
        cursor = page.nextCursor ?? undefined;
        if (options.jsonl) await printJsonLines(io, page.items);
        else if (options.json || forPeople) items.push(...page.items);
        else if (page.items.length > 0) await io.print(`${page.items.map(sessionLine).join("\n")}\n`);
      } while (cursor !== undefined && shown < wanted);
      if (options.json) return printJson(io, { items, nextCursor: cursor ?? null });
      if (!forPeople) return;
      if (items.length === 0) {
        const none = Object.keys(filter).length > 0 ? "No session matches." : "There are no sessions yet.";
        return io.note(`${none} Store: ${store.location}`);
      }
      await io.print(`${sessionTable(items, io.width, now, io.colors).join("\n")}\n`);
      if (cursor !== undefined) {
        const total = await store.count(filter);
        await io.line(
          io.colors.dim(`${items.length} of ${plural(total, "session")}; --limit N or --all shows more`),
        );
      }
    });
}

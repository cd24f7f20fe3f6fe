import { Option } from "@commander-js/extra-typings";
import {
  isSessionError,
  type SearchHit,
  type SessionMetadata,
  type SessionStore,
} from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { filterOf, withFilterOptions } from "../input/filter-options.ts";
import { idToLookAt } from "../input/session-id.ts";
import { parseCount } from "../input/when.ts";
import { truncate, width } from "../render/columns.ts";
import { printJson, printJsonLines } from "../render/json.ts";
import { oneLine, shownName } from "../render/text.ts";
import { ago } from "../render/time.ts";
import type { Colors } from "../terminal/colors.ts";

export function command(context: Context): AnyCommand {
  return withFilterOptions(newCommand("search"))
    .description(
      'Finds words in the entries and names of all sessions. All words have to be in one entry; "a phrase" in quotes, a begin* with a star. Into a pipe: id, entry and text, separated by tabs.',
    )
    .argument("<words...>", "what to find")
    .addOption(
      new Option("-n, --limit <n>", "how many hits at most").argParser(parseCount(1, 200)).default(20),
    )
    .option("--rank", "the best first, not the newest")
    .option("--session <id>", "only in this session")
    .addOption(
      new Option(
        "--cursor <cursor>",
        "the next page: what --json gave as nextCursor, with the same options",
      ).conflicts("rank"),
    )
    .addOption(new Option("--json", "one JSON text: {items, nextCursor}").conflicts("jsonl"))
    .option("--jsonl", "one JSON text a line")
    .addHelpText(
      "after",
      examples(
        "search timeout",
        `search '"connection refused"' --since 7d`,
        "search timeout --session $id",
        "search deploy* --tag prod --rank",
        "search error --jsonl | jq -r .sessionId | sort -u",
      ),
    )
    .action(async (words, options) => {
      const { io } = context;
      const store = await context.store();
      const session =
        options.session === undefined ? undefined : await idToLookAt(context, store, options.session);
      const page = await store.search({
        text: words.join(" "),
        filter: filterOf({ ...options, session }),
        order: options.rank ? "rank" : "newest",
        limit: options.limit,
        cursor: options.cursor,
      });
      if (options.json) return printJson(io, page);
      if (options.jsonl) return printJsonLines(io, page.items);
      if (!io.terminal) {
        for (const { sessionId, seq, snippet } of page.items)
          await io.line([sessionId, seq ?? "name", oneLine(snippet)].join("\t"));
        return;
      }
      if (page.items.length === 0)
        return io.note(
          "Nothing was found. All words have to be in one entry; a word* with a star finds beginnings.",
        );
      let before: string | undefined;
      for (const hit of page.items) {
        if (hit.sessionId !== before) {
          if (before !== undefined) await io.line();
          await io.line(heading(await metadataOf(store, hit.sessionId), hit.sessionId, context));
        }
        before = hit.sessionId;
        await io.line(hitLine(hit, io.width, io.colors));
      }
      if (page.nextCursor !== null)
        await io.line(io.colors.dim(`\nThere is more; --limit N shows up to 200 hits.`));
    });
}

/** Deleted or damaged meanwhile: then the hit is shown without a name. */
async function metadataOf(store: SessionStore, id: string): Promise<SessionMetadata | undefined> {
  try {
    return (await store.head(id)).metadata;
  } catch (error) {
    if (["not_found", "corrupt", "unsupported"].some((code) => isSessionError(error) && error.code === code))
      return undefined;
    throw error;
  }
}

function heading(metadata: SessionMetadata | undefined, id: string, { io, now }: Context): string {
  if (!metadata) return io.colors.yellow(id);
  const name = truncate(shownName(metadata.name), Math.max(10, io.width - 36 - 20));
  return `${io.colors.yellow(id)}  ${io.colors.bold(name)}  ${io.colors.dim(ago(metadata.updatedAt, now))}`;
}

/** One line, the matches highlighted; the text around them gives way where the terminal is narrow. */
function hitLine({ seq, snippet, offsets }: SearchHit, columns: number, colors: Colors): string {
  const place = seq === null ? "name" : `#${seq}`;
  let text = "";
  let from = 0;
  let left = columns - place.length - 4;
  const add = (part: string, paint: (text: string) => string) => {
    // Spaces at the ends of a part count: the words beside it must not run together.
    const line = part.replace(/\s+/g, " ");
    const edge = (at: "start" | "end") => ((at === "start" ? /^ /.test(line) : / $/.test(line)) ? " " : "");
    const inner = oneLine(line);
    const cut = truncate(inner === "" ? edge("start") : edge("start") + inner + edge("end"), left);
    left -= width(cut);
    text += paint(cut);
  };
  for (const [start, end] of offsets) {
    add(snippet.slice(from, start), (part) => part);
    add(snippet.slice(start, end), colors.match);
    from = end;
  }
  add(snippet.slice(from), (part) => part);
  return `  ${colors.dim(place)}  ${text}`;
}

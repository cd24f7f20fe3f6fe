import { Option } from "@commander-js/extra-typings";
import {
  allSessions,
  entryPages,
  isSessionError,
  type SessionMetadata,
  type SessionStore,
} from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { filterOf, rootsOption, withKindOptions } from "../input/filter-options.ts";
import { parseSpan } from "../input/when.ts";
import { truncate } from "../render/columns.ts";
import { printJson, printJsonLines } from "../render/json.ts";
import { plural, shownName } from "../render/text.ts";
import { bytes, dateTime } from "../render/time.ts";

interface Candidate {
  readonly metadata: SessionMetadata;
  readonly version: string;
  readonly characters: number;
}

export function command(context: Context): AnyCommand {
  return withKindOptions(newCommand("prune"))
    .description(
      "Deletes sessions that were not changed for a while and match all the options. Without --yes it only says which, and about how much that frees. A session that is changed meanwhile is kept; so is one that cannot be read.",
    )
    .addOption(
      new Option("--older-than <span>", "not changed for so long: 90d, 12h, 4w")
        .argParser(parseSpan)
        .makeOptionMandatory(),
    )
    .addOption(rootsOption)
    .option("-y, --yes", "delete them")
    .addOption(
      new Option("--json", "one JSON text: {deleted, sessions, characters, kept}").conflicts("jsonl"),
    )
    .option("--jsonl", "the sessions, one JSON text a line")
    .addHelpText(
      "after",
      examples(
        "prune --older-than 90d --status completed",
        "prune --older-than 90d --status completed --yes",
      ),
    )
    .action(async (options) => {
      const { io, now } = context;
      const store = await context.store();
      const filter = { and: [filterOf(options), { updatedBefore: now - options.olderThan }] };
      const sums = { sessions: 0, characters: 0, kept: 0 };
      const found: SessionMetadata[] = [];
      for (const metadata of await all(store, filter)) {
        const candidate = await preflight(store, metadata);
        if (!candidate || (options.yes && !(await remove(store, candidate)))) {
          sums.kept++;
          continue;
        }
        sums.sessions++;
        sums.characters += candidate.characters;
        const { id, name, updatedAt, status } = metadata;
        if (options.json) found.push(metadata);
        else if (options.jsonl) await printJsonLines(io, [metadata]);
        else
          await io.line(
            `${options.yes ? "deleted" : "would delete"}  ${id}  ${dateTime(updatedAt)}  ${status}  ${truncate(shownName(name), 40)}`,
          );
      }
      if (options.json) {
        const { characters, kept } = sums;
        return printJson(io, { deleted: options.yes ?? false, sessions: found, characters, kept });
      }
      if (sums.kept > 0)
        context.warn(`${plural(sums.kept, "session")} kept: changed meanwhile, or cannot be read.`);
      const what = `${plural(sums.sessions, "session")}, about ${bytes(sums.characters)}`;
      io.note(options.yes ? `${what} deleted` : `${what} would be deleted; --yes deletes them`);
    });
}

async function all(store: SessionStore, filter: ReturnType<typeof filterOf>): Promise<SessionMetadata[]> {
  const found: SessionMetadata[] = [];
  const query = { filter, orderBy: "createdAt", direction: "asc" } as const;
  for await (const metadata of allSessions(store, query)) found.push(metadata);
  return found;
}

/** `undefined` for one that was changed since it was listed, or cannot be read. */
async function preflight(store: SessionStore, metadata: SessionMetadata): Promise<Candidate | undefined> {
  try {
    const { metadata: now, version, entryCount } = await store.head(metadata.id);
    if (now.updatedAt !== metadata.updatedAt) return undefined;
    let characters = 0;
    for await (const page of entryPages(store, metadata.id, 0, entryCount)) characters += page.characters;
    return { metadata, version, characters };
  } catch (error) {
    if (isSessionError(error) && ["not_found", "corrupt", "unsupported"].includes(error.code))
      return undefined;
    throw error;
  }
}

async function remove(store: SessionStore, { metadata, version }: Candidate): Promise<boolean> {
  try {
    return await store.delete(metadata.id, { expectedVersion: version });
  } catch (error) {
    if (isSessionError(error, "conflict")) return false;
    throw error;
  }
}

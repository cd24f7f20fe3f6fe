import { Option } from "@commander-js/extra-typings";
import {
  allSessions,
  entryPages,
  isSessionError,
  type SessionFilter,
  type SessionMetadata,
  type SessionStore,
} from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { filterOf, rootsOption, withKindOptions } from "../input/filter-options.ts";
import { parseSpan, parseWhen } from "../input/when.ts";
import { printVacuum } from "../output/vacuum-report.ts";
import { truncate } from "../render/columns.ts";
import { printJson, printJsonLines } from "../render/json.ts";
import { plural, shownName } from "../render/text.ts";
import { bytes, dateTime, day } from "../render/time.ts";
import { fileMaintenance } from "../store/file-maintenance.ts";
import { knownSince } from "../store/known-since.ts";
import { usage } from "../terminal/exit.ts";

/** So many are deleted together, so that they share commits and what secure deletion costs. */
const TOGETHER = 64;
/** By so much clocks of machines may differ without a word. */
const USUAL_SKEW_MS = 86_400_000;

interface Candidate {
  readonly metadata: SessionMetadata;
  readonly version: string;
  readonly characters: number;
}

// Longer than most functions: half of it is the table of options.
export function command(context: Context): AnyCommand {
  return withKindOptions(newCommand("prune"))
    .description(
      "Deletes sessions that were not changed for a while and match all the options. Without --yes it only says which, and about how much that frees. A session that is changed meanwhile is kept; so is one that cannot be read, and one whose age cannot be known because a clock is off.",
    )
    .addOption(
      new Option("--older-than <span>", "not changed for so long: 90d, 12h, 4w").argParser(parseSpan),
    )
    .addOption(
      new Option("--before <date>", "last changed before this date, by their own times: 2026-01-31")
        .argParser(parseWhen)
        .conflicts("olderThan"),
    )
    .addOption(rootsOption)
    .option("-y, --yes", "delete them")
    .option("--vacuum", "with --yes: then vacuum, so that nothing of them is left in the files of the store")
    .addOption(
      new Option("--json", "one JSON text: {deleted, sessions, characters, kept, unknownAge}").conflicts(
        "jsonl",
      ),
    )
    .option("--jsonl", "the sessions, one JSON text a line")
    .addHelpText(
      "after",
      examples(
        "prune --older-than 90d --status completed",
        "prune --older-than 90d --status completed --yes --vacuum",
      ),
    )
    .action(async (options) => {
      const { io } = context;
      if (options.olderThan === undefined && options.before === undefined)
        throw usage("prune needs --older-than SPAN or --before DATE.");
      const store = await context.store();
      const maintenance = options.vacuum ? await fileMaintenance(context, "--vacuum") : null;
      const { filter, unknown } = await matching(context, store, filterOf(options), options);
      const sums = { sessions: 0, characters: 0, kept: 0 };
      const found: SessionMetadata[] = [];
      const print = async (metadata: SessionMetadata) => {
        const { id, name, updatedAt, status } = metadata;
        if (options.json) found.push(metadata);
        else if (options.jsonl) await printJsonLines(io, [metadata]);
        else
          await io.line(
            `${options.yes ? "deleted" : "would delete"}  ${id}  ${dateTime(updatedAt)}  ${status}  ${truncate(shownName(name), 40)}`,
          );
      };
      for await (const { candidate, isGone } of pruned(store, filter, options.yes ?? false)) {
        if (!candidate || !isGone) {
          sums.kept++;
          continue;
        }
        sums.sessions++;
        sums.characters += candidate.characters;
        await print(candidate.metadata);
      }
      const vacuumed = options.yes ? await maintenance?.vacuum() : undefined;
      if (options.json) {
        const { characters, kept } = sums;
        const deleted = options.yes ?? false;
        return printJson(io, {
          ...{ deleted, sessions: found, characters, kept, unknownAge: unknown },
          ...(vacuumed && { vacuum: vacuumed }),
        });
      }
      if (sums.kept > 0)
        context.warn(`${plural(sums.kept, "session")} kept: changed meanwhile, or cannot be read.`);
      const what = `${plural(sums.sessions, "session")}, about ${bytes(sums.characters)}`;
      io.note(options.yes ? `${what} deleted` : `${what} would be deleted; --yes deletes them`);
      if (vacuumed) printVacuum(context, vacuumed, (line) => io.note(line));
    });
}

/** What is old enough, and how many others would be if their times could be believed. */
async function matching(
  context: Context,
  store: SessionStore,
  kind: SessionFilter,
  { olderThan, before }: { readonly olderThan?: number | undefined; readonly before?: number | undefined },
): Promise<{ readonly filter: SessionFilter; readonly unknown: number }> {
  if (before !== undefined) return { filter: { and: [kind, { updatedBefore: before }] }, unknown: 0 };
  const { now, warn } = context;
  const cutoff = now - (olderThan ?? 0);
  const since = await knownSince(store, now);
  const tooOld = await store.count({ and: [kind, { updatedBefore: Math.min(cutoff, since) }] });
  if (tooOld > 0)
    warn(
      `${plural(tooOld, "session")} kept: by ${tooOld === 1 ? "its time" : "their times"} nothing was changed here for five years before ${day(since)}${since === now ? ", which is now by the clock of this machine" : ""}, so one of the clocks was off. To delete by the times as they are: --before DATE.`,
    );
  const fromFuture = await store.count({ and: [kind, { updatedAfter: now + USUAL_SKEW_MS }] });
  if (fromFuture > 0)
    warn(`${plural(fromFuture, "session")} kept: dated in the future, so that no age can be told.`);
  const filter = { and: [kind, { updatedBefore: cutoff, updatedAfter: since - 1 }] };
  return { filter, unknown: tooOld + fromFuture };
}

/** Each session that the filter matches, with whether it is, or would be, deleted. */
async function* pruned(store: SessionStore, filter: SessionFilter, isForReal: boolean) {
  const all = await listed(store, filter);
  for (let i = 0; i < all.length; i += TOGETHER) {
    const candidates: (Candidate | undefined)[] = [];
    // One after the other: a session is read in large pages.
    for (const metadata of all.slice(i, i + TOGETHER)) candidates.push(await preflight(store, metadata));
    const outcomes = await Promise.allSettled(
      candidates.map(async (each) => each !== undefined && (!isForReal || remove(store, each))),
    );
    // What is deleted is told of, also where another could not be.
    for (const [j, outcome] of outcomes.entries())
      if (outcome.status === "fulfilled") yield { candidate: candidates[j], isGone: outcome.value };
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }
}

async function listed(store: SessionStore, filter: SessionFilter): Promise<SessionMetadata[]> {
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

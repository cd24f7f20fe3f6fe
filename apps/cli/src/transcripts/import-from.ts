import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isRemote, parseStoreUrl, placeOf } from "@thulp-sessions/config";
import type { SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { AgentReader, FileReport } from "@thulp-sessions/transcripts";
import type { Context } from "../command/context.ts";
import { importProgress } from "../output/import-progress.ts";
import { plural } from "../render/text.ts";
import { storeExists } from "../store/store-place.ts";
import { confirmOrYes } from "../terminal/confirm.ts";
import { EXIT, Failure, usage } from "../terminal/exit.ts";
import { AGENT_NAMES, type AgentName, agentReader, rootsOf } from "./agents.ts";
import { printImportReport, type ReportOptions } from "./import-report.ts";
import { loadKnownFiles } from "./known-files.ts";

export interface ImportFromOptions extends ReportOptions {
  readonly from: AgentName | "auto";
  readonly since?: number | undefined;
  readonly yes?: boolean | undefined;
}

interface Source {
  readonly reader: AgentReader;
  readonly paths: readonly string[];
}

/** `import --from`: the histories of other agents, of this machine or at the paths that were named. */
export async function importFrom(
  context: Context,
  typed: readonly string[],
  options: ImportFromOptions,
): Promise<void> {
  const { base, store: url } = await context.config();
  const sources = await sourcesOf(context, typed, options.from, base);
  const { dryRun = false } = options;
  if (!dryRun) await askFirst(context, url, base, sources, typed.length > 0, options);
  // Nothing is written, so that there is nothing to look into where there is no store yet.
  const isMissing = dryRun && !storeExists(url, base);
  const store = isMissing ? new MemoryStore() : await context.store({ create: !dryRun, bulk: true });
  const reports = await run(context, store, sources, options);
  await printImportReport(context, reports, options);
  const { isComplete } = await import("@thulp-sessions/transcripts");
  if (!reports.every(isComplete)) throw new Failure("", EXIT.problem);
}

async function sourcesOf(
  context: Context,
  typed: readonly string[],
  from: AgentName | "auto",
  base: string,
): Promise<readonly Source[]> {
  if (from === "auto" && typed.length > 0)
    throw usage(
      "--from auto finds the histories by itself. For a path, name the agent whose files these are.",
    );
  const names = from === "auto" ? AGENT_NAMES : [from];
  const sources: Source[] = [];
  const looked: string[] = [];
  for (const name of names) {
    const reader = await agentReader(name);
    const paths = typed.length > 0 ? typed.map((path) => resolve(base, path)) : rootsOf(reader, context);
    looked.push(reader.title);
    if (paths.length > 0) sources.push({ reader, paths });
  }
  if (sources.length === 0)
    throw new Failure(
      `No histories of ${looked.join(", ")} were found on this machine. Name the folder: import --from ${from === "auto" ? "AGENT" : from} PATH.`,
    );
  return sources;
}

/** Histories of all projects are private: where others might get them, a person has to say so. */
async function askFirst(
  { io }: Context,
  url: string,
  base: string,
  sources: readonly Source[],
  isNamed: boolean,
  { from, yes }: ImportFromOptions,
): Promise<void> {
  if (isNamed) return;
  const found = sources.map(({ reader, paths }) => `${reader.title} (${paths.join(", ")})`).join(", ");
  const place = placeOf(parseStoreUrl(url, base));
  const tree = place === null ? null : workTreeOf(place);
  // Somebody else may run the server, or read it.
  if (isRemote(parseStoreUrl(url, base)))
    return confirmOrYes(
      io,
      yes,
      `The histories of all projects would go to ${url}, of ${found}. Import them?`,
    );
  if (tree !== null)
    return confirmOrYes(
      io,
      yes,
      `${url} lies in the git work tree ${tree}: the histories of all projects would lie there, of ${found}. Import them?`,
    );
  if (from === "auto") await confirmOrYes(io, yes, `Found: ${found}. Import them into ${url}?`);
}

function workTreeOf(place: string): string | null {
  for (let at = dirname(place); ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return null;
  }
}

async function run(
  context: Context,
  store: SessionStore,
  sources: readonly Source[],
  { dryRun, since }: ImportFromOptions,
): Promise<readonly FileReport[]> {
  const { importTranscripts } = await import("@thulp-sessions/transcripts");
  const reports: FileReport[] = [];
  for (const { reader, paths } of sources) {
    const known = await loadKnownFiles(context, reader.agent);
    const progress = importProgress(context.io, reader.title);
    await context.interruptible(async (signal) => {
      let done = 0;
      try {
        reports.push(
          ...(await importTranscripts(store, reader, paths, {
            dryRun,
            since,
            known: known?.files,
            signal,
            onProgress: (each) => {
              done = each.files.done;
              progress.update(each);
            },
          })),
        );
      } catch (error) {
        if (!signal.aborted) throw error;
        progress.stop();
        throw new Failure(
          `Interrupted after ${plural(done, "file")}. Run it again to go on: what is there already is not taken twice.`,
          EXIT.interrupted,
        );
      } finally {
        progress.stop();
        // What is stored by then need not be read again, however this has ended.
        if (!dryRun) await known?.save();
      }
    });
  }
  return reports;
}

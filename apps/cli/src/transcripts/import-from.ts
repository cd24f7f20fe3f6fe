import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { FileReport, TranscriptSource } from "@thulp-sessions/transcripts";
import type { Context } from "../command/context.ts";
import { importProgress } from "../output/import-progress.ts";
import { passingKey, redactionKey } from "../redaction/redaction-key.ts";
import { plural } from "../render/text.ts";
import { storeExists } from "../store/store-place.ts";
import { EXIT, Failure } from "../terminal/exit.ts";
import { printImportReport, type ReportOptions } from "./import-report.ts";
import { loadKnownFiles } from "./known-files.ts";
import { type AskOptions, askFirst, sourcesOf } from "./sources.ts";

export type ImportFromOptions = Omit<ReportOptions, "isPart"> &
  Omit<AskOptions, "project"> & {
    readonly since?: number | undefined;
    readonly redact?: boolean | undefined;
    /** A folder; true for the one in which the command was typed. */
    readonly project?: string | true | undefined;
  };

/** `import --from`: the histories of other agents, of this machine or at the paths that were named. */
export async function importFrom(
  context: Context,
  typed: readonly string[],
  options: ImportFromOptions,
): Promise<void> {
  // The histories of one project may lie in its store, those of all are a person's own.
  const isHome = options.project === undefined && (await context.preferHome());
  const { base, store: url } = await context.config();
  const project = options.project === undefined ? undefined : folderOf(options.project, base);
  const sources = await sourcesOf(context, typed, options.from);
  const { dryRun = false } = options;
  if (!dryRun) await askFirst(context, sources, typed.length > 0, { ...options, project });
  // Nothing is written, so that there is nothing to look into where there is no store yet.
  const isMissing = dryRun && !storeExists(url, base);
  const store = isMissing ? new MemoryStore() : await context.store({ create: !dryRun, bulk: true });
  const reports = await run(context, store, sources, { ...options, project });
  const isPart = options.since !== undefined || project !== undefined;
  await printImportReport(context, reports, { ...options, isPart });
  if (isHome && !dryRun)
    context.io.note("They are in home:, which is yours alone: thulp-sessions list --store home: shows them.");
  const { isComplete } = await import("@thulp-sessions/transcripts");
  if (!reports.every(isComplete)) throw new Failure("", EXIT.problem);
}

/** Agents write down where a folder is, not by which links it was reached. */
function folderOf(project: string | true, base: string): string {
  const folder = project === true ? base : resolve(base, project);
  return existsSync(folder) ? realpathSync(folder) : folder;
}

/**
 * Of an import little is held at any time, and all that went through it is garbage: V8 would let that grow
 * to four times what is in use. The flag is one of those that V8 asks for at each collection; it is for the
 * whole process, so only the command sets it.
 */
function collectGarbageSooner(): void {
  setFlagsFromString("--heap-growing-percent=30");
}

async function run(
  context: Context,
  store: SessionStore,
  sources: readonly TranscriptSource[],
  {
    dryRun,
    since,
    project,
    redact: isRedacted,
  }: ImportFromOptions & { readonly project: string | undefined },
): Promise<readonly FileReport[]> {
  collectGarbageSooner();
  const redact = isRedacted ? { key: dryRun ? passingKey() : await redactionKey() } : undefined;
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
            project,
            redact,
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

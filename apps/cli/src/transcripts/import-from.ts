import type { SessionStore } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import type { FileReport, TranscriptSource } from "@thulp-sessions/transcripts";
import type { Context } from "../command/context.ts";
import { importProgress } from "../output/import-progress.ts";
import { plural } from "../render/text.ts";
import { storeExists } from "../store/store-place.ts";
import { EXIT, Failure } from "../terminal/exit.ts";
import { printImportReport, type ReportOptions } from "./import-report.ts";
import { loadKnownFiles } from "./known-files.ts";
import { type AskOptions, askFirst, sourcesOf } from "./sources.ts";

export type ImportFromOptions = ReportOptions & AskOptions;

/** `import --from`: the histories of other agents, of this machine or at the paths that were named. */
export async function importFrom(
  context: Context,
  typed: readonly string[],
  options: ImportFromOptions,
): Promise<void> {
  const { base, store: url } = await context.config();
  const sources = await sourcesOf(context, typed, options.from);
  const { dryRun = false } = options;
  if (!dryRun) await askFirst(context, sources, typed.length > 0, options);
  // Nothing is written, so that there is nothing to look into where there is no store yet.
  const isMissing = dryRun && !storeExists(url, base);
  const store = isMissing ? new MemoryStore() : await context.store({ create: !dryRun, bulk: true });
  const reports = await run(context, store, sources, options);
  await printImportReport(context, reports, options);
  const { isComplete } = await import("@thulp-sessions/transcripts");
  if (!reports.every(isComplete)) throw new Failure("", EXIT.problem);
}

async function run(
  context: Context,
  store: SessionStore,
  sources: readonly TranscriptSource[],
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

import { existsSync, type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isSessionError, type SessionStore } from "@thulp-sessions/core";
import { modifiedAt, stampOf } from "../files/file-stamp.ts";
import { findTranscripts } from "../files/find-transcripts.ts";
import type { TranscriptFile } from "../files/transcript-file.ts";
import { importFound } from "../import/import-transcripts.ts";
import { KnownFiles } from "../import/known-files.ts";
import { emptyReport, type FileReport } from "../import/report.ts";
import type { AgentReader, AgentRoot } from "../model/agent-reader.ts";
import { sessionIdOf } from "../model/session-ids.ts";

/** An agent, and where its histories are. */
export interface TranscriptSource {
  readonly reader: AgentReader;
  /** What the reader's `roots` gives; or paths of roots, of folders within, or of single files. */
  readonly paths: readonly (string | AgentRoot)[];
}

/** How transcripts are followed, and who is told. */
export interface FollowOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** What became of files in which something was new, or that cannot be read (once for each reason). */
  readonly onReports?: ((reports: readonly FileReport[]) => void) | undefined;
  /** The store is busy or failing: it goes on, and tries again. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Files that were seen before are not read; it learns on. */
  readonly known?: KnownFiles | undefined;
  readonly maxSideFileBytes?: number | undefined;
  /** How often files that are being written are looked at: each second. */
  readonly pollMs?: number | undefined;
  /** How often everything is looked at, for new files nothing has told of above all: each 10 seconds. */
  readonly lookMs?: number | undefined;
}

/** However much is told of, everything is looked at no more often. */
const MIN_LOOK_MS = 500;
/** A file that was changed since is looked at each time, others only when everything is. */
const LIVE_MS = 60 * 60 * 1000;

/**
 * Takes in what agents write, as they write it, until the signal is aborted. New files are found, also where
 * they were moved to; what has changed is imported as by `importTranscripts`, whole lines only until a file
 * has not changed for two seconds.
 *
 * @throws {SessionError} closed; everything else is told of, and tried again.
 */
export async function followTranscripts(
  store: SessionStore,
  sources: readonly TranscriptSource[],
  options: FollowOptions,
): Promise<void> {
  const followed = sources.map((source) => new FollowedSource(store, source, options));
  const alarm = new Alarm(options.signal);
  const watchers = sources.flatMap((source) => watchFolders(source, () => alarm.ring()));
  const { pollMs = 1000, lookMs = 10_000, signal, onError } = options;
  let lookedAt = Number.NEGATIVE_INFINITY;
  try {
    while (!signal.aborted) {
      const since = performance.now() - lookedAt;
      const isDue = since >= (alarm.rang ? Math.min(lookMs, MIN_LOOK_MS) : lookMs);
      if (isDue) {
        lookedAt = performance.now();
        alarm.rang = false;
      }
      for (const each of followed) {
        try {
          await (isDue ? each.look() : each.poll());
        } catch (error) {
          if (signal.aborted) break;
          if (isSessionError(error, "closed")) throw error;
          onError?.(error);
          // What was not done is found again.
          lookedAt = Number.NEGATIVE_INFINITY;
        }
      }
      await alarm.sleep(alarm.rang ? Math.min(pollMs, MIN_LOOK_MS) : pollMs);
    }
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

class FollowedSource {
  readonly #store: SessionStore;
  readonly #source: TranscriptSource;
  readonly #options: FollowOptions;
  readonly #known: KnownFiles;
  #files: TranscriptFile[] = [];
  /** What cannot be read, and was told of. */
  #told = new Set<string>();

  constructor(store: SessionStore, source: TranscriptSource, options: FollowOptions) {
    this.#store = store;
    this.#source = source;
    this.#options = options;
    this.#known = options.known ?? new KnownFiles();
  }

  /** Looks at everything. */
  async look(): Promise<void> {
    const { reader, paths } = this.#source;
    const files = new Map<string, TranscriptFile>();
    const failed: FileReport[] = [];
    for (const path of paths) {
      const found = await findTranscripts(reader, path, (file, stamp) => this.#known.named(file, stamp));
      for (const file of found.files) files.set(file.path, file);
      for (const skipped of found.skipped)
        if (skipped.failed) failed.push(emptyReport(skipped.path, reader.agent, "failed", skipped.reason));
    }
    this.#files = [...files.values()];
    this.#tell(failed);
    await this.#import(this.#files);
  }

  /** Looks at the files that are being written. */
  async poll(): Promise<void> {
    const { agent } = this.#source.reader;
    const changed = new Set<string>();
    for (const [i, file] of this.#files.entries()) {
      if (Date.now() - file.modifiedAt > LIVE_MS) continue;
      const now = await refreshed(file);
      // A file that has gone may be elsewhere now: the next look finds it.
      if (!now) continue;
      const wasQuiet = this.#known.named(file.path, now.stamp) !== undefined;
      this.#files[i] = now;
      if (!wasQuiet) changed.add(sessionIdOf(agent, file));
    }
    if (changed.size === 0) return;
    await this.#import(this.#files.filter((file) => changed.has(sessionIdOf(agent, file))));
  }

  async #import(files: readonly TranscriptFile[]): Promise<void> {
    const { signal, maxSideFileBytes } = this.#options;
    const known = this.#known;
    const options = { signal, maxSideFileBytes, known, live: true };
    const reports = await importFound(this.#store, this.#source.reader, files, options);
    // What was moved while it was looked at is found again where it is now.
    this.#tell(reports.filter(({ result, path }) => result !== "failed" || existsSync(path)));
  }

  #tell(reports: readonly FileReport[]): void {
    const news = reports.filter((report) => {
      const { result, entries, sideFiles, refused, path, reason } = report;
      if (entries.added > 0 || sideFiles.added > 0 || refused.length > 0) return true;
      if (result !== "failed" || this.#told.has(`${path} ${reason}`)) return false;
      this.#told.add(`${path} ${reason}`);
      return true;
    });
    if (news.length > 0) this.#options.onReports?.(news);
  }
}

async function refreshed(file: TranscriptFile): Promise<TranscriptFile | null> {
  try {
    const stats = await stat(file.path, { bigint: true });
    return { ...file, stamp: stampOf(stats), size: Number(stats.size), modifiedAt: modifiedAt(stats) };
  } catch {
    return null;
  }
}

/** Only to look earlier: what is missed, or cannot be watched, the next look finds. */
function watchFolders({ reader, paths }: TranscriptSource, ring: () => void): FSWatcher[] {
  return paths
    .flatMap((given) => {
      const { path, folders } = typeof given === "string" ? { path: given, folders: reader.folders } : given;
      const own = folders.map((folder) => join(path, folder)).filter((folder) => existsSync(folder));
      return own.length > 0 || typeof given !== "string" ? own : [path];
    })
    .flatMap((folder) => {
      try {
        const watcher = watch(folder, { recursive: true, persistent: false });
        watcher.on("change", (event) => void (event === "rename" && ring()));
        watcher.on("error", () => watcher.close());
        return [watcher];
      } catch {
        return [];
      }
    });
}

/** A sleep that can be cut short. */
class Alarm {
  readonly #signal: AbortSignal;
  /** Something was told of that was not looked at yet. */
  rang = false;
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  ring(): void {
    this.rang = true;
    this.#wake?.();
  }

  async sleep(ms: number): Promise<void> {
    if (this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}

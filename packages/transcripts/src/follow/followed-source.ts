import { existsSync, statSync } from "node:fs";
import type { SessionStore } from "@thulp-sessions/core";
import { modifiedAt, stampOf } from "../files/file-stamp.ts";
import { findTranscripts } from "../files/find-transcripts.ts";
import type { SkippedFile, TranscriptFile } from "../files/transcript-file.ts";
import { type ImportProgress, importFound } from "../import/import-transcripts.ts";
import { fullStamp, type KnownFiles } from "../import/known-files.ts";
import { emptyReport, type FileReport } from "../import/report.ts";
import { ResumePoints } from "../import/resume-points.ts";
import type { RedactOptions } from "../import/session-redaction.ts";
import { sessionIdOf } from "../model/session-ids.ts";
import type { TranscriptSource } from "./transcript-source.ts";

/** How the transcripts of one agent are taken in. */
export interface FollowedOptions {
  readonly signal: AbortSignal;
  readonly known: KnownFiles;
  readonly onReports?: ((reports: readonly FileReport[]) => void) | undefined;
  readonly maxSideFileBytes?: number | undefined;
  readonly redact?: RedactOptions | undefined;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** The store is to hold what the files say now, and nothing that they said before. */
  readonly mirror?: Mirror | undefined;
}

/** What a store needs that shows files as they are now. */
interface Mirror {
  /** Stands around what writes, so that two processes do not do it at the same time. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Called when everything was looked at. */
  onLooked(look: Look): Promise<void>;
}

/** What a look at everything has found. */
export interface Look {
  readonly files: readonly TranscriptFile[];
  /** What should have been readable. */
  readonly failed: readonly SkippedFile[];
  readonly reports: readonly FileReport[];
}

const QUIET_MS = 2000;
/** A file that was changed since is looked at each time, others only when everything is. */
const LIVE_MS = 60 * 60 * 1000;

/** The transcripts of one agent, which are taken in again and again. */
export class FollowedSource {
  readonly #store: SessionStore;
  readonly #source: TranscriptSource;
  readonly #options: FollowedOptions;
  #files: TranscriptFile[] = [];
  #folders: readonly string[] = [];
  readonly #resume = new ResumePoints();
  /** In which state each file was read last. */
  readonly #stamps = new Map<string, string>();
  /** What cannot be read, and was told of. */
  readonly #told = new Set<string>();

  constructor(store: SessionStore, source: TranscriptSource, options: FollowedOptions) {
    this.#store = store;
    this.#source = source;
    this.#options = options;
  }

  /** Those that the last look has read. */
  get folders(): readonly string[] {
    return this.#folders;
  }

  /** What there is now, without taking it in. */
  async find(): Promise<Pick<Look, "files" | "failed">> {
    const { reader, paths } = this.#source;
    const { known } = this.#options;
    const files = new Map<string, TranscriptFile>();
    const failed: SkippedFile[] = [];
    const folders: string[] = [];
    for (const path of paths) {
      const found = await findTranscripts(reader, path, (file, stamp) => known.named(file, stamp));
      for (const file of found.files) files.set(file.path, file);
      failed.push(...found.skipped.filter((skipped) => skipped.failed));
      folders.push(...found.folders);
    }
    this.#folders = folders;
    return { files: [...files.values()], failed };
  }

  /** Looks at everything. */
  async look(): Promise<void> {
    const { reader } = this.#source;
    const { mirror } = this.#options;
    const { files, failed } = await this.find();
    this.#files = [...files];
    this.#tell(failed.map(({ path, reason }) => emptyReport(path, reader.agent, "failed", reason)));
    // Rows are changed in place while a reply is written: each state of them would be kept.
    const isQuiet = ({ madeOf, modifiedAt: at }: TranscriptFile) =>
      madeOf === undefined || Date.now() - at >= QUIET_MS;
    const due = mirror ? files : this.#withOthers(files.filter(isQuiet), (file) => !this.#waits(file));
    const reports = await this.#import(due);
    await mirror?.onLooked({ files, failed, reports });
  }

  /** Looks at the files that are being written. */
  async poll(): Promise<void> {
    const changed = new Set<string>();
    for (const [i, file] of this.#files.entries()) {
      // What is made of several files, or lies in a database, is looked at with everything.
      if (file.madeOf !== undefined || Date.now() - file.modifiedAt > LIVE_MS) continue;
      const now = refreshed(file);
      // A file that has gone may be elsewhere now: the next look finds it.
      if (!now) continue;
      const wasQuiet = this.#options.known.named(file.path, now.stamp) !== undefined;
      this.#files[i] = now;
      if (!wasQuiet && !this.#waits(now)) changed.add(file.path);
    }
    if (changed.size === 0) return;
    await this.#import(this.#withOthers(this.#files, ({ path }) => changed.has(path)));
  }

  /** It may change without another stamp: it is read once more, but not each time until it is quiet. */
  #waits(file: TranscriptFile): boolean {
    return this.#stamps.get(file.path) === fullStamp(file) && Date.now() - file.modifiedAt < QUIET_MS;
  }

  /** Those that are meant, with the others of their sessions. */
  #withOthers(
    files: readonly TranscriptFile[],
    isMeant: (file: TranscriptFile) => boolean,
  ): readonly TranscriptFile[] {
    const idOf = (file: TranscriptFile) => sessionIdOf(this.#source.reader.agent, file);
    const meant = new Set(files.filter(isMeant).map(idOf));
    return files.filter((file) => meant.has(idOf(file)));
  }

  async #import(files: readonly TranscriptFile[]): Promise<readonly FileReport[]> {
    const { mirror, ...given } = this.#options;
    const { known } = given;
    const { reader } = this.#source;
    const options = { ...given, live: true, mirror: mirror !== undefined, resume: this.#resume };
    const take = () => importFound(this.#store, reader, files, options);
    const unchanged = mirror && (await known.unchangedAmong(this.#store, reader.agent, files));
    const reports = unchanged ?? (await (mirror ? mirror.exclusively(take) : take()));
    const stamps = new Map(files.map((file) => [file.path, fullStamp(file)]));
    for (const { path, result } of reports)
      if (result === "failed") this.#stamps.delete(path);
      else this.#stamps.set(path, stamps.get(path) ?? "");
    // What was moved while it was looked at is found again where it is now.
    this.#tell(reports.filter(({ result, path }) => result !== "failed" || existsSync(path)));
    return reports;
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

/** Synchronous: each second for each file, the way through the pool of threads would cost many times more. */
function refreshed(file: TranscriptFile): TranscriptFile | null {
  try {
    const stats = statSync(file.path, { bigint: true });
    return { ...file, stamp: stampOf(stats), size: Number(stats.size), modifiedAt: modifiedAt(stats) };
  } catch {
    return null;
  }
}

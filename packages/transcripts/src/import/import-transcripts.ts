import type { SessionId, SessionStore } from "@thulp-sessions/core";
import { isSessionError } from "@thulp-sessions/core";
import { compareFiles } from "../files/compare-files.ts";
import { findTranscripts } from "../files/find-transcripts.ts";
import { reasonOf, UnreadableFile } from "../files/read-chunks.ts";
import type { TranscriptFile } from "../files/transcript-file.ts";
import type { AgentReader, AgentRoot } from "../model/agent-reader.ts";
import { copySessionIdOf, sessionIdOf } from "../model/session-ids.ts";
import { type FileImportOptions, type ImportedFile, importFile } from "./import-file.ts";
import type { KnownFiles } from "./known-files.ts";
import { isWithin, projectOf } from "./project-of.ts";
import { Rendezvous } from "./rendezvous.ts";
import { emptyReport, type FileReport } from "./report.ts";
import type { ResumePoints } from "./resume-points.ts";
import type { RedactOptions } from "./session-redaction.ts";

/** What is imported, and how. */
export interface ImportOptions {
  /** Says what would be done, and writes nothing. */
  readonly dryRun?: boolean | undefined;
  /** Only files that were changed since, in milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** Only histories of this folder, as an absolute path, and of those within: by what they say themselves. */
  readonly project?: string | undefined;
  /** Files beside a transcript (outputs of tools, facts of sub-agents) are taken up to this size; 8 MiB. */
  readonly maxSideFileBytes?: number | undefined;
  /**
   * Secrets are replaced by marks, before anything is stored. A session is imported so always, or never: else
   * its file fails.
   */
  readonly redact?: RedactOptions | undefined;
  /** Files that are in it, and as they were, are not read; it learns those that are imported now. */
  readonly known?: KnownFiles | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

/** @internal */
export interface FoundOptions extends ImportOptions {
  /** The files are being written: a record whose line has not ended may not be whole. */
  readonly live?: boolean | undefined;
  /** Each session is to be what its file says now, and nothing that it said before. */
  readonly mirror?: boolean | undefined;
  /** Where files that are imported again and again can be read on. */
  readonly resume?: ResumePoints | undefined;
}

/** How far an import has come. */
export interface ImportProgress {
  readonly files: { readonly done: number; readonly total: number };
  /** As they lie on the disk. */
  readonly bytes: { readonly done: number; readonly total: number };
}

const MAX_SIDE_FILE_BYTES = 8 * 1024 * 1024;
/** Of a file that is followed, the end of a line is waited for until it was not changed for so long. */
const QUIET_MS = 2000;
/** So many at a time, so that they share the commits of the store, */
const MAX_UNDER_WAY = 32;
/**
 * but no more than so many bytes of them, or one. Of each byte about twenty are allocated on its way: what is
 * held while more than a young generation of V8 (16 MB) is filled grows old, and its garbage then lies there
 * until there is far more of it.
 */
const MAX_BYTES_UNDER_WAY = 384 * 1024;

/**
 * Takes the transcripts of an agent at these paths into a store, and reports what became of each file. What
 * goes wrong with one is in its report and stops no other.
 *
 * @param paths what the reader's `roots` gives; or paths of roots, of folders within, or of single files.
 * @throws {SessionError} closed, busy or io, when the store itself cannot go on; the reason of `signal`.
 */
export async function importTranscripts(
  store: SessionStore,
  reader: AgentReader,
  paths: readonly (string | AgentRoot)[],
  options: ImportOptions = {},
): Promise<readonly FileReport[]> {
  const reports: FileReport[] = [];
  const files = new Map<string, TranscriptFile>();
  for (const path of paths) {
    const found = await findTranscripts(reader, path, (file, stamp) => options.known?.named(file, stamp));
    for (const file of found.files) files.set(file.path, file);
    for (const { path: skipped, reason, failed } of found.skipped)
      reports.push(emptyReport(skipped, reader.agent, failed ? "failed" : "skipped", reason));
  }
  reports.push(...(await importFound(store, reader, [...files.values()], options)));
  return reports.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** @internal The same for files that were found; all those of one session have to be among them. */
export function importFound(
  store: SessionStore,
  reader: AgentReader,
  files: readonly TranscriptFile[],
  options: FoundOptions,
): Promise<readonly FileReport[]> {
  return new ImportRun(store, reader, options, files).run();
}

class ImportRun {
  readonly #store: SessionStore;
  readonly #reader: AgentReader;
  readonly #options: FoundOptions;
  readonly #files: readonly TranscriptFile[];
  readonly #startedAt = Date.now();
  readonly #reports: FileReport[] = [];
  #done = { files: 0, bytes: 0 };
  /** Of the files that are being read. */
  readonly #underWay = new Map<TranscriptFile, number>();
  readonly #totalBytes: number;
  readonly #writes = new Rendezvous();

  constructor(
    store: SessionStore,
    reader: AgentReader,
    options: FoundOptions,
    files: readonly TranscriptFile[],
  ) {
    this.#store = store;
    this.#reader = reader;
    this.#options = options;
    this.#files = files;
    this.#totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  }

  async run(): Promise<readonly FileReport[]> {
    const groups = new Map<SessionId, TranscriptFile[]>();
    for (const file of this.#files) {
      const id = sessionIdOf(this.#reader.agent, file);
      groups.set(id, [...(groups.get(id) ?? []), file]);
    }
    const { known } = this.#options;
    const isRedacted = this.#options.redact !== undefined;
    const unchanged = await known?.unchanged(this.#store, this.#reader.agent, groups.values(), isRedacted);
    for (const [file, report] of unchanged ?? []) this.#add(file, report);
    const underWay = new Set<Promise<void>>();
    const failures: unknown[] = [];
    let bytes = 0;
    for (const files of groups.values()) {
      if (files.some((file) => unchanged?.has(file))) continue;
      const size = Math.max(...files.map((file) => file.size));
      while (underWay.size >= MAX_UNDER_WAY || (underWay.size > 0 && bytes + size > MAX_BYTES_UNDER_WAY))
        await Promise.race(underWay);
      if (failures.length > 0) break;
      this.#writes.enter();
      const work: Promise<void> = this.#group(files)
        .catch((error) => void failures.push(error))
        .finally(() => {
          this.#writes.leave();
          underWay.delete(work);
          bytes -= size;
        });
      underWay.add(work);
      bytes += size;
    }
    // When this ends nothing is written any more, whatever has failed.
    await Promise.all(underWay);
    if (failures.length > 0) throw failures[0];
    return this.#reports;
  }

  /**
   * The files of one session: mostly one. Those that go apart from the first are sessions of their own, by
   * the line that is another one.
   */
  async #group(files: readonly TranscriptFile[], copy?: FileImportOptions["copy"]): Promise<void> {
    const [first, ...others] = files;
    if (!first) return;
    let longest = first;
    const duplicates: TranscriptFile[] = [];
    const copies = new Map<string, TranscriptFile[]>();
    for (const other of others) {
      const relation = await this.#guard(other, () => compareFiles(longest.open, other.open));
      if (relation?.type === "different")
        copies.set(relation.lineHash, [...(copies.get(relation.lineHash) ?? []), other]);
      else if (relation) {
        const isLonger = relation.type === "second-is-longer";
        duplicates.push(isLonger ? longest : other);
        if (isLonger) longest = other;
      }
    }
    const imported = await this.#file(longest, copy);
    for (const file of duplicates) this.#duplicate(file, longest, imported);
    for (const [line, apart] of copies) {
      const lineHash = copy ? `${copy.lineHash}+${line}` : line;
      const of = copy?.of ?? sessionIdOf(this.#reader.agent, first);
      await this.#group(apart, { id: copySessionIdOf(this.#reader.agent, first, lineHash), lineHash, of });
    }
  }

  async #file(file: TranscriptFile, copy?: FileImportOptions["copy"]): Promise<ImportedFile | undefined> {
    const { dryRun, redact, mirror, resume, signal, maxSideFileBytes = MAX_SIDE_FILE_BYTES } = this.#options;
    signal?.throwIfAborted();
    const skipped = await this.#guard(file, async () => ({ reason: await this.#whySkipped(file) }));
    if (!skipped) return undefined;
    if (skipped.reason !== undefined) {
      this.#add(file, emptyReport(file.path, this.#reader.agent, "skipped", skipped.reason));
      return undefined;
    }
    const settle = !this.#options.live || this.#startedAt - file.modifiedAt >= QUIET_MS;
    const onBytes = (bytes: number) => this.#read(file, bytes);
    const imported = await this.#guard(file, () =>
      importFile(this.#store, this.#reader, file, {
        dryRun,
        redact,
        mirror,
        resume,
        signal,
        maxSideFileBytes,
        copy,
        settle,
        onBytes,
        beforeWrite: () => this.#writes.meet(),
      }),
    );
    if (imported) this.#add(file, imported.report, imported);
    return imported;
  }

  /** `undefined` for what was asked for. */
  async #whySkipped(file: TranscriptFile): Promise<string | undefined> {
    const { since, project } = this.#options;
    if (since !== undefined && file.modifiedAt < since) return "it was changed before that time";
    if (project === undefined) return undefined;
    const own = await projectOf(this.#reader, file);
    if (own === undefined) return "it does not say of which project it is";
    return isWithin(own, project) ? undefined : `it is of ${own}`;
  }

  /** What one file brings about is in its report; what is wrong with the store ends the import. */
  async #guard<T>(file: TranscriptFile, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (this.#options.signal?.aborted || !isOfFile(error)) throw error;
      this.#add(file, emptyReport(file.path, this.#reader.agent, "failed", reasonOf(error)));
      return undefined;
    }
  }

  #duplicate(file: TranscriptFile, of: TranscriptFile, imported: ImportedFile | undefined): void {
    const report = emptyReport(file.path, this.#reader.agent, "duplicate", `all of it is in ${of.path}`);
    const bytes = { ...report.bytes, total: file.size, unchanged: file.size };
    const sessionId = imported?.report.sessionId;
    const redacted = imported?.report.redacted && { redacted: { count: 0, places: [] } };
    this.#add(file, { ...report, bytes, sessionId, ...redacted }, imported);
  }

  /** @param imported the file that says what is in the store of this one. */
  #add(file: TranscriptFile, report: FileReport, imported?: ImportedFile): void {
    const { known, dryRun } = this.#options;
    if (imported && !dryRun) known?.remember(file, { ...imported, report }, this.#startedAt);
    this.#reports.push(report);
    this.#underWay.delete(file);
    this.#done = { files: this.#done.files + 1, bytes: this.#done.bytes + file.size };
    this.#progress();
  }

  #read(file: TranscriptFile, bytes: number): void {
    if (!this.#options.onProgress) return;
    // Of a compressed file more is read than lies there.
    this.#underWay.set(file, Math.min(file.size, (this.#underWay.get(file) ?? 0) + bytes));
    this.#progress();
  }

  #progress(): void {
    const { files, bytes } = this.#done;
    const underWay = [...this.#underWay.values()].reduce((sum, size) => sum + size, 0);
    this.#options.onProgress?.({
      files: { done: files, total: this.#files.length },
      bytes: { done: bytes + underWay, total: this.#totalBytes },
    });
  }
}

const OF_SESSION: readonly string[] = [
  "conflict",
  "corrupt",
  "unsupported",
  "invalid_input",
  "limit_exceeded",
];

function isOfFile(error: unknown): boolean {
  if (isSessionError(error)) return OF_SESSION.includes(error.code);
  return error instanceof UnreadableFile || typeof (error as NodeJS.ErrnoException).code === "string";
}

import type { SessionHead, SessionId, SessionStore } from "@thulp-sessions/core";
import { isSessionId } from "@thulp-sessions/core/store";
import { hasFineTime } from "../files/file-stamp.ts";
import type { TranscriptFile } from "../files/transcript-file.ts";
import type { NamedTranscript } from "../model/agent-reader.ts";
import type { ImportedFile } from "./import-file.ts";
import type { FileReport } from "./report.ts";

/** A file as it was at an import, and its session as it was behind it. */
interface KnownFile extends NamedTranscript {
  readonly stamp: string;
  readonly sessionId: SessionId;
  /** Of the session: any change of it gives another one. */
  readonly version: string;
  readonly size: number;
  readonly present: number;
  readonly sideFiles: number;
  readonly name: string | null;
  readonly redacted?: true | undefined;
  /** Which file has all of it. */
  readonly duplicateOf?: string | undefined;
}

/**
 * A file that was changed so short a time before it was read may be changed again without another stamp: by
 * the clock of a file system that counts in whole milliseconds, seconds or two of them, and by a finer one,
 * which moves on with the ticks of the kernel, at most 10 ms apart.
 */
const RACY_MS = 2000;
const FINE_RACY_MS = 100;
const MAX_IDS = 500;

/**
 * Which files an import has seen in which state, so that the next one need not read those that are the same.
 * Only a hint: it counts where the session in the store is still the one that the import has left, and what
 * is not in it is read. Keep one for each store, e.g. as JSON in a file.
 */
export class KnownFiles {
  readonly #files = new Map<string, KnownFile>();
  #isChanged = false;

  /** @param json what `toJSON` gave; anything else counts as nothing. */
  constructor(json?: unknown) {
    if (typeof json !== "object" || json === null) return;
    for (const [path, file] of Object.entries(json)) if (isKnownFile(file)) this.#files.set(path, file);
  }

  /** Has it learned or forgotten something since it was made? Else there is nothing to keep. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  toJSON(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#files);
  }

  /** @internal Takes in what another process has learned; of a file that both know, that counts. */
  merge(json: unknown): void {
    for (const [path, file] of new KnownFiles(json).#files) this.#learn(path, file);
  }

  /** @internal Forgets the files that are not among these. */
  keepOnly(paths: ReadonlySet<string>): void {
    for (const path of this.#files.keys()) if (!paths.has(path)) this.#forget(path);
  }

  #learn(path: string, file: KnownFile): void {
    this.#files.set(path, file);
    this.#isChanged = true;
  }

  #forget(path: string): void {
    if (this.#files.delete(path)) this.#isChanged = true;
  }

  /** @internal What the file said of its names when it had this stamp. */
  named(path: string, stamp: string): NamedTranscript | undefined {
    const known = this.#files.get(path);
    return known?.stamp.startsWith(`${stamp}|`) ? known : undefined;
  }

  /**
   * @internal
   * @param now when the import has begun, before the file was read.
   */
  remember(file: TranscriptFile, { report, version, isSettled }: ImportedFile, now: number): void {
    const { sessionId, result, name = null, bytes, entries, sideFiles, refused, reason, redacted } = report;
    const isFine = file.madeOf === undefined && hasFineTime(file.stamp);
    const isRacy = now - file.modifiedAt < (isFine ? FINE_RACY_MS : RACY_MS);
    const isWhole = refused.length === 0 && sideFiles.skipped.length === 0 && sessionId !== undefined;
    if (isRacy || !isSettled || !isWhole || version === undefined) {
      this.#forget(file.path);
      return;
    }
    this.#learn(file.path, {
      stamp: fullStamp(file),
      nativeId: file.nativeId,
      parentId: file.parentId,
      sessionId,
      version,
      size: bytes.total,
      present: entries.added + entries.present,
      sideFiles: sideFiles.added + sideFiles.present,
      name,
      redacted: redacted ? true : undefined,
      duplicateOf: result === "duplicate" ? reason : undefined,
    });
  }

  /**
   * @internal The reports of those of these files that are as they were, with their sessions as they were. Of
   * files that belong together all are, or none.
   */
  async unchanged(
    store: SessionStore,
    agent: string,
    groups: Iterable<readonly TranscriptFile[]>,
    isRedacted: boolean,
  ): Promise<ReadonlyMap<TranscriptFile, FileReport>> {
    const found = new Map<TranscriptFile, KnownFile>();
    const candidates: (readonly TranscriptFile[])[] = [];
    for (const files of groups) {
      const known = files.map((file) => this.#files.get(file.path));
      if (!known.every((each, i) => each?.stamp === fullStamp(files[i] as TranscriptFile))) continue;
      if (!known.every((each) => (each?.redacted === true) === isRedacted)) continue;
      candidates.push(files);
      files.forEach((file, i) => void found.set(file, known[i] as KnownFile));
    }
    const versions = await versionsOf(store, new Set([...found.values()].map(({ sessionId }) => sessionId)));
    const reports = new Map<TranscriptFile, FileReport>();
    for (const files of candidates) {
      const known = files.map((file) => found.get(file) as KnownFile);
      if (!known.every(({ sessionId, version }) => versions.get(sessionId) === version)) continue;
      files.forEach((file, i) => void reports.set(file, reportOf(file, known[i] as KnownFile, agent)));
    }
    return reports;
  }

  /** @internal The reports of all these files where all of them are as they were; else `null`. */
  async unchangedAmong(
    store: SessionStore,
    agent: string,
    files: readonly TranscriptFile[],
  ): Promise<readonly FileReport[] | null> {
    if (!files.every((file) => this.#files.get(file.path)?.stamp === fullStamp(file))) return null;
    const reports = await this.unchanged(store, agent, [files], false);
    return reports.size === files.length ? [...reports.values()] : null;
  }
}

/** @internal Of a transcript and the files beside it. */
export function fullStamp({ stamp, sideFiles }: TranscriptFile): string {
  return `${stamp}|${sideFiles.map((side) => `${side.relativePath} ${side.stamp}`).join("|")}`;
}

async function versionsOf(
  store: SessionStore,
  ids: ReadonlySet<SessionId>,
): Promise<ReadonlyMap<SessionId, string>> {
  const versions = new Map<SessionId, string>();
  const all = [...ids];
  for (let at = 0; at < all.length; at += MAX_IDS) {
    const filter = { ids: all.slice(at, at + MAX_IDS) };
    let cursor: string | undefined;
    do {
      const page = await store.list({ filter, limit: MAX_IDS, heads: true, cursor });
      for (const head of page.items) if (isHead(head)) versions.set(head.metadata.id, head.version);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }
  return versions;
}

function isHead(head: object): head is SessionHead {
  return "version" in head;
}

function reportOf({ path }: TranscriptFile, known: KnownFile, agent: string): FileReport {
  const { sessionId, size, present, sideFiles, name, duplicateOf } = known;
  return {
    path,
    agent,
    sessionId,
    name,
    result: duplicateOf === undefined ? "unchanged" : "duplicate",
    ...(duplicateOf === undefined ? {} : { reason: duplicateOf }),
    bytes: { total: size, unchanged: size, records: 0, raw: 0, blank: 0, tail: 0 },
    entries: { added: 0, present, revised: 0, salvaged: 0 },
    unknownKinds: {},
    refused: [],
    sideFiles: { added: 0, present: sideFiles, skipped: [] },
  };
}

function isKnownFile(value: unknown): value is KnownFile {
  const file = (typeof value === "object" ? value : null) as Readonly<Record<string, unknown>> | null;
  return (
    file !== null &&
    ["stamp", "nativeId", "version"].every((key) => typeof file[key] === "string") &&
    ["size", "present", "sideFiles"].every((key) => Number.isSafeInteger(file[key])) &&
    (file["redacted"] === undefined || file["redacted"] === true) &&
    ["parentId", "duplicateOf"].every((key) => file[key] === undefined || typeof file[key] === "string") &&
    (file["name"] === null || typeof file["name"] === "string") &&
    isSessionId(file["sessionId"])
  );
}

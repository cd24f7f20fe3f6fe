// Longer than most files: one import from the first line of a file to what is said of it at the end; split
// up, its parts would hand a dozen counters to each other.
import { isDeepStrictEqual } from "node:util";
import {
  isSessionError,
  type JsonObject,
  type JsonValue,
  type SessionEntry,
  SessionError,
  type SessionId,
  type SessionStore,
  type Timestamp,
} from "@thulp-sessions/core";
import { jsonEqual } from "@thulp-sessions/core/store";
import { compareWithImported } from "../files/compare-files.ts";
import type { TranscriptFile } from "../files/transcript-file.ts";
import type { AgentReader, RecordParser } from "../model/agent-reader.ts";
import { BlockStream, isWholeBlock } from "../model/block-stream.ts";
import { objectOf, textOf } from "../model/fields.ts";
import {
  addToRuns,
  countRuns,
  type FileState,
  isExactly,
  type LastEntry,
  REDACTED_TAG,
  REDACTION_KEY,
  type Run,
  type SideFileState,
  SOURCE_KEY,
  STATE_KEY,
  stateJson,
  stateOf,
  type Tail,
} from "../model/file-state.ts";
import { sessionIdOf, sessionNameOf } from "../model/session-ids.ts";
import {
  type FinishedStream,
  isWholeRecord,
  type StreamItem,
  TranscriptStream,
} from "../model/transcript-stream.ts";
import { ImportCounters } from "./import-counters.ts";
import { streamOf } from "./open-stream.ts";
import type { FileReport } from "./report.ts";
import type { ResumePoints } from "./resume-points.ts";
import {
  changedMetadata,
  type DerivedMetadata,
  deriveMetadata,
  newMetadata,
  sourceJson,
} from "./session-facts.ts";
import { type RedactOptions, SessionRedaction } from "./session-redaction.ts";
import { headOrNull, type Place, SessionWriter, type StoredRecords } from "./session-writer.ts";
import { type AboutFile, importSideFiles, readAbout } from "./side-files.ts";

/** How one file is imported. */
export interface FileImportOptions {
  /** Says what would be done, and writes nothing. */
  readonly dryRun?: boolean | undefined;
  /** Files beside a transcript are taken up to this size. */
  readonly maxSideFileBytes: number;
  /** Of a file that goes apart from the one that has the session's own id. */
  readonly copy?: { readonly id: SessionId; readonly lineHash: string; readonly of: SessionId } | undefined;
  /** False while the file is being written: a record whose line has not ended does not count yet. */
  readonly settle?: boolean | undefined;
  /** Secrets are replaced by marks. */
  readonly redact?: RedactOptions | undefined;
  /** The session is to be what the file says now, and nothing that it said before. */
  readonly mirror?: boolean | undefined;
  /** Where the file can be read on, if it was imported before; it learns where from now on. */
  readonly resume?: ResumePoints | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes that were read since. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Waited for before what is left of the file is written: a short one, all of it. */
  readonly beforeWrite?: (() => Promise<void>) | undefined;
}

/** What became of the file, and the version of its session behind it. */
export interface ImportedFile {
  readonly report: FileReport;
  readonly version: string | undefined;
  /** False while the end of a record is waited for: then it has to be read again, changed or not. */
  readonly isSettled: boolean;
}

/** The entries of one call are at most so many, of lines of about so many bytes. */
const BATCH_ENTRIES = 1000;
const BATCH_BYTES = 4 * 1024 * 1024;
const BOM_BYTES = 3;
/** How often an import begins again because somebody else has written to the session meanwhile. */
const MAX_ATTEMPTS = 4;

/** Takes a transcript into a store. Doing it again adds what is new, and nothing else. */
export async function importFile(
  store: SessionStore,
  reader: AgentReader,
  file: TranscriptFile,
  options: FileImportOptions,
): Promise<ImportedFile> {
  let isAnew = false;
  for (let attempt = 1; ; attempt++) {
    try {
      const writer = await SessionWriter.of(store, reader, file, options.copy?.id, isAnew);
      const work = new FileImport(writer, reader, file, options);
      const report = await work.run();
      const isMade = report !== null && (isAnew || !options.mirror || (await isMirror(store, writer.id)));
      if (isMade) {
        const made = isAnew ? { ...report, result: "changed" as const } : report;
        return { report: made, version: writer.version, isSettled: work.isSettled };
      }
      isAnew = true;
    } catch (error) {
      const isRace = isSessionError(error, "conflict") || isSessionError(error, "already_exists");
      const isDamaged = options.mirror === true && isSessionError(error, "corrupt");
      if ((!isRace && !isDamaged) || attempt === MAX_ATTEMPTS) throw error;
      // It is only a copy, and the file is there.
      if (isDamaged) await store.delete(error.details.sessionId ?? sessionIdOf(reader.agent, file));
    }
  }
}

/** Is there nothing in the session but what its file says? */
async function isMirror(store: SessionStore, id: SessionId): Promise<boolean> {
  const head = await headOrNull(store, id);
  // Nothing was stored of an empty file.
  if (!head) return true;
  const state = stateOf(head.context);
  return state !== null && isExactly(state, head.entryCount);
}

class FileImport {
  readonly #writer: SessionWriter;
  readonly #reader: AgentReader;
  readonly #file: TranscriptFile;
  readonly #options: FileImportOptions;
  #parser: RecordParser;
  #stream: ReturnType<typeof streamOf>;
  readonly #session: string;
  readonly #counters = new ImportCounters();
  readonly #redaction: SessionRedaction | undefined;
  readonly #before: FileState | null;
  #result: "new" | "grown" | "changed" | "unchanged" = "new";
  /** Entries were taken away since. */
  #isCut = false;
  /** Of a changed file. */
  #stored: StoredRecords | undefined;
  #runs: Run[] = [];
  /** Of the line that has not ended. */
  #openRuns: Run[] = [];
  #isSettled = true;
  #pending: StreamItem[] = [];
  #pendingSize = { entries: 0, bytes: 0 };

  constructor(writer: SessionWriter, reader: AgentReader, file: TranscriptFile, options: FileImportOptions) {
    this.#writer = writer;
    this.#reader = reader;
    this.#file = file;
    this.#options = options;
    this.#parser = reader.parser(file);
    this.#session = sessionNameOf(file) + (options.copy ? `#${options.copy.lineHash}` : "");
    this.#stream = streamOf(reader, file, this.#session, this.#parser);
    this.#before = writer.head && stateOf(writer.head.context);
    this.#redaction =
      options.redact && new SessionRedaction(options.redact, writer.head?.context[REDACTION_KEY]);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** @returns `null`, and has written nothing, where only a session that is made again would be a mirror. */
  async run(): Promise<FileReport | null> {
    this.#requireSameRedaction();
    if (this.#file.about) this.#parser.about?.(this.#file.about);
    const about = await readAbout(this.#file.sideFiles);
    for (const { record } of about) this.#parser.about?.(record);
    await this.#compare();
    if (this.#options.mirror && (this.#result === "changed" || this.#hasLostSideFiles())) return null;
    const before = new Map(this.#before?.sideFiles?.map(({ path, sha256 }) => [path, sha256]));
    // Perhaps its title or its end is another one now.
    if (this.#result === "unchanged" && about.some(({ path, hash }) => before.get(path) !== hash))
      this.#result = "grown";
    if (this.#result === "unchanged") return this.#unchanged();
    const { bytes } = this.#counters;
    const start = this.#resume(about);
    for await (const chunk of start > 0 && this.#file.openFrom
      ? this.#file.openFrom(start)
      : this.#file.open()) {
      this.#options.signal?.throwIfAborted();
      bytes.total += chunk.length;
      for (const item of this.#stream.push(chunk)) {
        this.#take(item);
        if (this.#pendingSize.entries >= BATCH_ENTRIES || this.#pendingSize.bytes >= BATCH_BYTES)
          await this.#flush();
      }
      this.#options.onBytes?.(chunk.length);
    }
    const end = this.#stream.finish(this.#options.settle !== false);
    for (const item of end.items) this.#take(item);
    this.#isSettled = this.#options.settle !== false || !end.loose;
    if (end.loose) bytes[end.whole ? "records" : "tail"] += end.size;
    const isGrown = this.#result === "grown";
    if (this.#stream.bom && start === 0)
      bytes[isGrown && this.#before?.bom ? "unchanged" : "blank"] += BOM_BYTES;
    if ("headSize" in this.#stream)
      bytes[isGrown && this.#before?.document ? "unchanged" : "records"] += this.#stream.headSize;
    if (bytes.total > 0) await this.#finish(end);
    this.#keepResumePoint(end, about);
    return this.#report(this.#derived().name);
  }

  /** A session is redacted as a whole, or not at all. */
  #requireSameRedaction(): void {
    const { head, id } = this.#writer;
    if (!head || !this.#before) return;
    const wasRedacted = head.context[REDACTION_KEY] !== undefined;
    if (wasRedacted === (this.#redaction !== undefined)) return;
    throw new SessionError(
      "unsupported",
      wasRedacted
        ? `session ${id} was imported with its secrets redacted: import it so again (--redact)`
        : `session ${id} was imported without redaction, so that its secrets are stored: delete it, and import again`,
      { details: { sessionId: id } },
    );
  }

  async #compare(): Promise<void> {
    if (!this.#writer.head) return;
    // Of a session that was cut since, everything is looked at again.
    this.#isCut = !this.#before || !(await this.#writer.has(this.#before.last));
    this.#result =
      this.#before && !this.#isCut ? await compareWithImported(this.#file.open, this.#before) : "changed";
    if (this.#result === "unchanged" && this.#settlesTail()) this.#result = "grown";
    if (this.#result === "changed" && !this.#options.mirror)
      this.#stored = await this.#writer.storedRecords();
    // What is found, and how it is marked, may be another thing today.
    if (this.#stored && this.#redaction) this.#writer.keep(this.#stored.ids);
    if (this.#result === "grown") this.#runs = [...(this.#before?.runs ?? [])];
  }

  /**
   * Goes on where this process has read the file before, of which `#compare` has found the bytes up to there
   * to be the same.
   *
   * @returns from where on the file has to be read.
   */
  #resume(about: readonly AboutFile[]): number {
    const before = this.#before;
    if (this.#result !== "grown" || !before || !this.#file.openFrom) return 0;
    const point = this.#options.resume?.take(this.#file.path, this.#session, before);
    if (!point || !isDeepStrictEqual(point.about, about)) return 0;
    this.#parser = point.parser;
    this.#stream = point.stream;
    point.stream.resume(this.#file.modifiedAt);
    const { bytes, entries } = this.#counters;
    bytes.unchanged = bytes.total = before.size;
    entries.present = countRuns(before.runs);
    this.#options.onBytes?.(before.size);
    return before.size;
  }

  /** Only where the stream has read whole lines and nothing else. */
  #keepResumePoint(end: FinishedStream, about: readonly AboutFile[]): void {
    const [parser, stream, session] = [this.#parser, this.#stream, this.#session];
    if (this.#options.dryRun || !this.#file.openFrom || !(stream instanceof TranscriptStream)) return;
    const isAtLineEnd = end.items.length === 0 && (end.size === 0 || end.loose !== undefined);
    if (!isAtLineEnd || stream.settled().size === 0) return;
    this.#options.resume?.keep(this.#file.path, { parser, stream, session, about });
  }

  #hasLostSideFiles(): boolean {
    const paths = new Set(this.#file.sideFiles.map(({ relativePath }) => relativePath));
    return this.#before?.sideFiles?.some(({ path }) => !paths.has(path)) === true;
  }

  /** Is a record whose end was waited for whole now? */
  #settlesTail(): boolean {
    const tail = this.#before?.tail;
    if (this.#options.settle === false || !tail || !("text" in tail)) return false;
    return this.#stream instanceof BlockStream
      ? isWholeBlock(tail.text)
      : isWholeRecord(Buffer.from(tail.text));
  }

  async #unchanged(): Promise<FileReport> {
    const before = this.#before as FileState;
    this.#isSettled = this.#options.settle !== false || !before.tail;
    const { bytes, entries } = this.#counters;
    bytes.unchanged = bytes.total = before.size + (before.tail?.size ?? 0);
    this.#options.onBytes?.(bytes.total);
    entries.present =
      countRuns(before.runs) + (before.tail && "runs" in before.tail ? countRuns(before.tail.runs) : 0);
    const sideFiles = await this.#sideFiles();
    await this.#save(
      {},
      { [STATE_KEY]: stateJson({ ...before, ...sideFiles, last: this.#last(before.last) }) },
    );
    return this.#report(before.metadata.name);
  }

  #take(item: StreamItem): void {
    if (this.#result === "grown" && item.end <= (this.#before?.size ?? 0)) {
      this.#counters.known(item);
      return;
    }
    this.#counters.item(item);
    this.#pending.push(item);
    this.#pendingSize.entries += item.entries.length;
    this.#pendingSize.bytes += item.size;
  }

  async #flush(): Promise<void> {
    const items = this.#pending;
    this.#pending = [];
    this.#pendingSize = { entries: 0, bytes: 0 };
    const entries = this.#entriesOf(items);
    if (entries.length > 0) this.#account(items, await this.#write(entries));
  }

  /** As they are stored. Not before they are: an entry may get its time from those behind it. */
  #entriesOf(items: readonly StreamItem[]): readonly SessionEntry[] {
    const entries = items.flatMap((item) => item.entries);
    const redaction = this.#redaction;
    return redaction ? entries.map((entry) => redaction.entry(entry)) : entries;
  }

  /** Which places in the session the lines have got. */
  #account(items: readonly StreamItem[], places: readonly Place[]): void {
    let at = 0;
    for (const item of items) {
      for (const entry of item.entries) {
        const place = places[at++];
        if (!place) continue;
        addToRuns(this.#openRuns, place.seq);
        this.#redaction?.placed(entry.id, place.added ? place.seq : null);
        this.#counters.entry(entry, place.added, this.#stored?.keys);
      }
      if (item.open) continue;
      for (const [first, count] of this.#openRuns) addToRuns(this.#runs, first, count);
      this.#openRuns = [];
    }
  }

  async #write(entries: readonly SessionEntry[]): Promise<readonly Place[]> {
    if (this.#options.dryRun)
      return entries.map(({ id }, seq) => ({ seq, added: !this.#stored?.ids.has(id) }));
    // Of a file that is read in several batches; what it is about is not known yet.
    if (!this.#writer.head) {
      await this.#create(entries, {});
      return placesFrom(0, entries);
    }
    const { places, refused } = await this.#writer.append(entries, this.#times().last);
    this.#counters.refused.push(...refused);
    return places;
  }

  /** Holds the entries no longer than until the store has taken them over. */
  #create(entries: readonly SessionEntry[], state: JsonObject): Promise<void> {
    const { first, last } = this.#times();
    const metadata = newMetadata(this.#writer.id, this.#reader.agent, this.#derived(), first, last);
    const context = this.#contextOf({ [SOURCE_KEY]: this.#source(), ...state });
    return this.#writer.create(metadata, entries, context);
  }

  /** All of a short file: its session is made in one call, with the times of its records. */
  #createWhole(end: FinishedStream): Promise<void> {
    const items = this.#pending;
    this.#pending = [];
    const entries = this.#entriesOf(items);
    this.#account(items, placesFrom(0, entries));
    const final = entries.at(-1);
    const last = final ? { seq: entries.length - 1, id: final.id } : null;
    return this.#create(entries, { [STATE_KEY]: stateJson({ ...this.#state(end), last }) });
  }

  async #finish(end: FinishedStream): Promise<void> {
    const isWhole = !this.#writer.head && !this.#options.dryRun;
    await this.#options.beforeWrite?.();
    await (isWhole ? this.#createWhole(end) : this.#flush());
    const sideFiles = await this.#sideFiles();
    if (this.#options.dryRun || !this.#writer.head) return;
    const state = { ...this.#state(end), ...sideFiles };
    const changed = isWhole
      ? {}
      : changedMetadata(this.#writer.head, this.#before?.metadata, this.#derived());
    await this.#save(changed, { [SOURCE_KEY]: this.#source(), [STATE_KEY]: stateJson(state) });
  }

  /** Writes what is other than it is stored; mostly nothing. */
  async #save(metadata: Partial<DerivedMetadata>, given: JsonObject): Promise<void> {
    const { head } = this.#writer;
    if (this.#options.dryRun || !head) return;
    const context = this.#contextOf(given);
    const isStored = Object.entries(context).every(
      ([key, value]) => head.context[key] !== undefined && jsonEqual(head.context[key] as JsonValue, value),
    );
    if (isStored && Object.keys(metadata).length === 0) return;
    await this.#writer.update(metadata, context, Math.max(head.metadata.updatedAt, this.#times().last));
  }

  #contextOf(context: JsonObject): JsonObject {
    const redaction = this.#redaction;
    if (!redaction) return context;
    const redacted = Object.entries(context).map(([key, value]) => [key, redaction.head(value, key)]);
    return { ...Object.fromEntries(redacted), [REDACTION_KEY]: redaction.json() };
  }

  async #sideFiles(): Promise<{ sideFiles?: readonly SideFileState[] }> {
    const before = this.#isCut ? [] : (this.#before?.sideFiles ?? []);
    const { states, report } = await importSideFiles(this.#writer, this.#file.sideFiles, before, {
      agent: this.#reader.agent,
      session: this.#session,
      maxBytes: this.#options.maxSideFileBytes,
      at: this.#times().last,
      dryRun: this.#options.dryRun === true,
      redaction: this.#redaction,
    });
    this.#counters.sideFiles = report;
    return states.length === 0 ? {} : { sideFiles: states };
  }

  #state(end: FinishedStream): FileState {
    const { name, status, tags } = this.#derived();
    const tail = tailOf(end, this.#openRuns);
    return {
      ...this.#stream.settled(),
      runs: this.#runs,
      ...(tail && { tail }),
      ...(this.#stream.crlf && { crlf: true as const }),
      ...(this.#stream.bom && { bom: true as const }),
      ...(this.#file.madeOf === "members" && { members: true as const }),
      ...("document" in this.#stream && { document: this.#stream.document }),
      last: this.#last(this.#before?.last ?? null),
      metadata: { name, status, tags },
    };
  }

  #last(before: LastEntry | null): LastEntry | null {
    const { last } = this.#writer;
    if (!before || this.#result === "changed") return last;
    return last && last.seq >= before.seq ? last : before;
  }

  #derived(): DerivedMetadata {
    const facts = this.#parser.facts();
    const derived = deriveMetadata(this.#reader, this.#writer.id, facts, this.#options.copy?.of);
    if (!this.#redaction) return derived;
    const name = this.#redaction.head(derived.name, "name");
    const tags = this.#redaction.head([...derived.tags], "tags");
    return { ...derived, name, tags: [...tags, REDACTED_TAG] };
  }

  #source(): JsonObject {
    const source = sourceJson(this.#reader, this.#file, this.#parser.facts());
    const before = textOf(objectOf(this.#writer.head?.context[SOURCE_KEY])?.["path"]);
    // A file that was named by itself does not say where it lies below the agent's root.
    return before?.endsWith(`/${this.#file.relativePath}`) ? { ...source, path: before } : source;
  }

  /** A file none of whose records says when it was written has the time of its last change. */
  #times(): { first: Timestamp; last: Timestamp } {
    const { first, last } = this.#stream.times;
    const { createdAt } = this.#parser.facts();
    const known = this.#writer.head?.metadata.updatedAt;
    return {
      first: createdAt ?? first ?? this.#file.modifiedAt,
      last: last ?? known ?? this.#file.modifiedAt,
    };
  }

  #report(name: string | null): FileReport {
    const [path, agent, result] = [this.#file.path, this.#reader.agent, this.#result];
    if (this.#counters.bytes.total === 0)
      return {
        ...this.#counters.report({ path, agent, result: "skipped", name: null }),
        reason: "it is empty",
      };
    const report = this.#counters.report({ path, agent, result, sessionId: this.#writer.id, name });
    return this.#redaction ? { ...report, redacted: this.#redaction.report() } : report;
  }
}

function placesFrom(seq: number, entries: readonly SessionEntry[]): readonly Place[] {
  return entries.map((_, i) => ({ seq: seq + i, added: true }));
}

function tailOf({ size, sha256, loose }: FinishedStream, openRuns: readonly Run[]): Tail | undefined {
  if (size === 0) return undefined;
  if (!loose) return { size, sha256, runs: openRuns };
  return { size, sha256, ...loose };
}

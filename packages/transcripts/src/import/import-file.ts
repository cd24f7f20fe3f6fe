// Longer than most files: one import from the first line of a file to what is said of it at the end; split
// up, its parts would hand a dozen counters to each other.
import {
  isSessionError,
  type JsonObject,
  type JsonValue,
  type SessionEntry,
  type SessionId,
  type SessionStore,
  type Timestamp,
} from "@thulp-sessions/core";
import { jsonEqual } from "@thulp-sessions/core/store";
import { compareWithImported } from "../files/compare-files.ts";
import { readChunks } from "../files/read-chunks.ts";
import type { TranscriptFile } from "../files/transcript-file.ts";
import type { AgentReader, RecordParser } from "../model/agent-reader.ts";
import { objectOf, textOf } from "../model/fields.ts";
import {
  addToRuns,
  countRuns,
  type FileState,
  type LastEntry,
  type Run,
  type SideFileState,
  SOURCE_KEY,
  STATE_KEY,
  stateJson,
  stateOf,
  type Tail,
} from "../model/file-state.ts";
import { sessionNameOf } from "../model/session-ids.ts";
import {
  type FinishedStream,
  isWholeRecord,
  type StreamItem,
  TranscriptStream,
} from "../model/transcript-stream.ts";
import { ImportCounters } from "./import-counters.ts";
import type { FileReport } from "./report.ts";
import {
  changedMetadata,
  type DerivedMetadata,
  deriveMetadata,
  newMetadata,
  sourceJson,
} from "./session-facts.ts";
import { type Place, SessionWriter, type StoredRecords } from "./session-writer.ts";
import { importSideFiles } from "./side-files.ts";

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
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes that were read since. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** What became of the file, and the version of its session behind it. */
export interface ImportedFile {
  readonly report: FileReport;
  readonly version: string | undefined;
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
  for (let attempt = 1; ; attempt++) {
    try {
      const writer = await SessionWriter.of(store, reader, file, options.copy?.id);
      const report = await new FileImport(writer, reader, file, options).run();
      return { report, version: writer.version };
    } catch (error) {
      const isRace = isSessionError(error, "conflict") || isSessionError(error, "already_exists");
      if (!isRace || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

class FileImport {
  readonly #writer: SessionWriter;
  readonly #reader: AgentReader;
  readonly #file: TranscriptFile;
  readonly #options: FileImportOptions;
  readonly #parser: RecordParser;
  readonly #stream: TranscriptStream;
  readonly #session: string;
  readonly #counters = new ImportCounters();
  readonly #before: FileState | null;
  #result: "new" | "grown" | "changed" | "unchanged" = "new";
  /** Entries were taken away since. */
  #isCut = false;
  /** Of a changed file. */
  #stored: StoredRecords | undefined;
  #runs: Run[] = [];
  /** Of the line that has not ended. */
  #openRuns: Run[] = [];
  #pending: StreamItem[] = [];
  #pendingSize = { entries: 0, bytes: 0 };

  constructor(writer: SessionWriter, reader: AgentReader, file: TranscriptFile, options: FileImportOptions) {
    this.#writer = writer;
    this.#reader = reader;
    this.#file = file;
    this.#options = options;
    this.#parser = reader.parser(file);
    this.#session = sessionNameOf(file) + (options.copy ? `#${options.copy.lineHash}` : "");
    this.#stream = new TranscriptStream(reader.agent, this.#session, this.#parser, file.modifiedAt);
    this.#before = writer.head && stateOf(writer.head.context);
  }

  async run(): Promise<FileReport> {
    await this.#compare();
    if (this.#result === "unchanged") return this.#unchanged();
    const { bytes } = this.#counters;
    for await (const chunk of readChunks(this.#file.path)) {
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
    if (end.loose) bytes.tail += end.size;
    if (this.#stream.bom)
      bytes[this.#result === "grown" && this.#before?.bom ? "unchanged" : "blank"] += BOM_BYTES;
    if (bytes.total > 0) await this.#finish(end);
    return this.#report(this.#derived().name);
  }

  async #compare(): Promise<void> {
    if (!this.#writer.head) return;
    // Of a session that was cut since, everything is looked at again.
    this.#isCut = !this.#before || !(await this.#writer.has(this.#before.last));
    this.#result =
      this.#before && !this.#isCut ? await compareWithImported(this.#file.path, this.#before) : "changed";
    if (this.#result === "unchanged" && this.#settlesTail()) this.#result = "grown";
    if (this.#result === "changed") this.#stored = await this.#writer.storedRecords();
    if (this.#result === "grown") this.#runs = [...(this.#before?.runs ?? [])];
  }

  /** Is a record whose end was waited for whole now? */
  #settlesTail(): boolean {
    const tail = this.#before?.tail;
    if (this.#options.settle === false || !tail || !("text" in tail)) return false;
    return isWholeRecord(Buffer.from(tail.text));
  }

  async #unchanged(): Promise<FileReport> {
    const before = this.#before as FileState;
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
    const entries = items.flatMap((item) => item.entries);
    if (entries.length > 0) this.#account(items, await this.#write(entries));
  }

  /** Which places in the session the lines have got. */
  #account(items: readonly StreamItem[], places: readonly Place[]): void {
    let at = 0;
    for (const item of items) {
      for (const entry of item.entries) {
        const place = places[at++];
        if (!place) continue;
        addToRuns(this.#openRuns, place.seq);
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
    if (!this.#writer.head) return this.#create(entries, {});
    const { places, refused } = await this.#writer.append(entries, this.#times().last);
    this.#counters.refused.push(...refused);
    return places;
  }

  async #create(entries: readonly SessionEntry[], state: JsonObject): Promise<readonly Place[]> {
    const { first, last } = this.#times();
    const metadata = newMetadata(this.#writer.id, this.#reader.agent, this.#derived(), first, last);
    await this.#writer.create(metadata, entries, { [SOURCE_KEY]: this.#source(), ...state });
    return placesFrom(0, entries);
  }

  async #finish(end: FinishedStream): Promise<void> {
    const isWhole = !this.#writer.head && !this.#options.dryRun;
    if (isWhole) {
      // All of a short file: its session is made in one call, with the times of its records.
      const items = this.#pending;
      const entries = items.flatMap((item) => item.entries);
      this.#account(items, placesFrom(0, entries));
      const final = entries.at(-1);
      const last = final ? { seq: entries.length - 1, id: final.id } : null;
      await this.#create(entries, { [STATE_KEY]: stateJson({ ...this.#state(end), last }) });
    } else await this.#flush();
    const sideFiles = await this.#sideFiles();
    if (this.#options.dryRun || !this.#writer.head) return;
    const state = { ...this.#state(end), ...sideFiles };
    const changed = isWhole
      ? {}
      : changedMetadata(this.#writer.head, this.#before?.metadata, this.#derived());
    await this.#save(changed, { [SOURCE_KEY]: this.#source(), [STATE_KEY]: stateJson(state) });
  }

  /** Writes what is other than it is stored; mostly nothing. */
  async #save(metadata: Partial<DerivedMetadata>, context: JsonObject): Promise<void> {
    const { head } = this.#writer;
    if (this.#options.dryRun || !head) return;
    const isStored = Object.entries(context).every(
      ([key, value]) => head.context[key] !== undefined && jsonEqual(head.context[key] as JsonValue, value),
    );
    if (isStored && Object.keys(metadata).length === 0) return;
    await this.#writer.update(metadata, context, Math.max(head.metadata.updatedAt, this.#times().last));
  }

  async #sideFiles(): Promise<{ sideFiles?: readonly SideFileState[] }> {
    const before = this.#isCut ? [] : (this.#before?.sideFiles ?? []);
    const { states, report } = await importSideFiles(this.#writer, this.#file.sideFiles, before, {
      agent: this.#reader.agent,
      session: this.#session,
      maxBytes: this.#options.maxSideFileBytes,
      at: this.#times().last,
      dryRun: this.#options.dryRun === true,
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
    return deriveMetadata(this.#reader, this.#writer.id, this.#parser.facts(), this.#options.copy?.of);
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
    return this.#counters.report({ path, agent, result, sessionId: this.#writer.id, name });
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

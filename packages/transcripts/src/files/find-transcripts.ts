import { type BigIntStats, statSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { TextFormat } from "../lines/text-format.ts";
import type { AgentReader, AgentRoot, NamedTranscript, Recognized } from "../model/agent-reader.ts";
import { openSession, sessionsIn } from "./database-sessions.ts";
import { modifiedAt, stampOf } from "./file-stamp.ts";
import { readFirstRecord } from "./first-record.ts";
import { type MemberFile, sessionsOf } from "./member-tree.ts";
import { COMPRESSED, readChunks, reasonOf } from "./read-chunks.ts";
import { type RecognizedFile, recognizeFiles } from "./recognize-files.ts";
import { openSection, sectionsIn } from "./text-sections.ts";
import type { SideFile, SkippedFile, TranscriptFile } from "./transcript-file.ts";

/** What lies in a folder, or at a path that a person named. */
export interface FoundTranscripts {
  readonly files: readonly TranscriptFile[];
  readonly skipped: readonly SkippedFile[];
  /** The folders that were read to find them. */
  readonly folders: readonly string[];
}

/**
 * The transcripts of an agent at one of its roots, or at a path: of a root, of a folder within, or of one
 * file. What cannot be read is among the skipped, and never hides the rest.
 *
 * @param known what a file has said of its names when it was in this state; it is not opened then.
 */
export async function findTranscripts(
  reader: AgentReader,
  path: string | AgentRoot,
  known: KnownNames = () => undefined,
): Promise<FoundTranscripts> {
  const search = new TranscriptSearch(reader, known);
  await search.run(path);
  return search;
}

type KnownNames = (path: string, stamp: string) => NamedTranscript | undefined;

type LookedAtFile = Pick<TranscriptFile, "path" | "relativePath" | "size" | "modifiedAt" | "stamp">;

/** What is looked at before others get a turn: about a millisecond. */
const FILES_PER_TURN = 100;

class TranscriptSearch implements FoundTranscripts {
  readonly #reader: AgentReader;
  readonly #known: KnownNames;
  readonly skipped: SkippedFile[] = [];
  files: TranscriptFile[] = [];
  folders: readonly string[] = [];
  /** By the transcript that they belong to. */
  readonly #sideFiles = new Map<string, SideFile[]>();
  readonly #members: MemberFile[] = [];

  constructor(reader: AgentReader, known: KnownNames) {
    this.#reader = reader;
    this.#known = known;
  }

  async run(path: string | AgentRoot): Promise<void> {
    const recognized = await recognizeFiles(this.#reader, path);
    this.skipped.push(...recognized.skipped);
    this.folders = recognized.folders;
    await this.#lookAt(recognized.files);
    this.#takeMembers();
    this.files.sort((a, b) => compareText(filePathOf(a), filePathOf(b)));
    this.files = this.files.map((file) => {
      const sideFiles = this.#sideFiles.get(keyOf(file)) ?? [];
      return { ...file, sideFiles: sideFiles.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
    });
    for (const file of this.files) this.#sideFiles.delete(keyOf(file));
    for (const { path: left } of [...this.#sideFiles.values()].flat())
      this.#skip(left, "there is no transcript that it belongs to", false);
  }

  /** The way through the pool of threads would cost many times more for thousands of files. */
  async #lookAt(files: readonly RecognizedFile[]): Promise<void> {
    for (const [i, { path, relativePath, found }] of files.entries()) {
      if (i % FILES_PER_TURN === FILES_PER_TURN - 1) await nextTurn();
      if (found.type === "database") {
        await this.#database(path);
        continue;
      }
      const format = this.#reader.textFormat?.(relativePath) ?? null;
      if (found.type === "transcript" && format) {
        await this.#sections(path, relativePath, format);
        continue;
      }
      const stats = this.#look(path);
      if (!stats) continue;
      const stamp = stampOf(stats);
      const file = { path, relativePath, size: Number(stats.size), modifiedAt: modifiedAt(stats), stamp };
      if (found.type === "member") {
        const { tree, id, within } = found;
        this.#members.push({ ...file, tree, id, within });
      } else if (found.type === "side") this.#side(file, found);
      else {
        const named = this.#known(path, stamp) ?? (await this.#identify(path, relativePath, found));
        if (named) this.#transcript(file, named);
      }
    }
  }

  #look(path: string): BigIntStats | undefined {
    try {
      return statSync(path, { bigint: true });
    } catch (error) {
      this.#skip(path, reasonOf(error), true);
      return undefined;
    }
  }

  #identify(
    path: string,
    relativePath: string,
    byName: NamedTranscript,
  ): Promise<NamedTranscript | undefined> {
    const keys = this.#reader.listKeys?.(relativePath) ?? null;
    return this.#try(path, async () => this.#reader.identify(byName, await readFirstRecord(path, keys)));
  }

  #transcript(
    { path, relativePath, size, modifiedAt, stamp }: LookedAtFile,
    { nativeId, parentId }: NamedTranscript,
  ): void {
    const isCompressed = path.endsWith(COMPRESSED);
    this.files.push({
      nativeId,
      parentId,
      path,
      relativePath: isCompressed ? relativePath.slice(0, -COMPRESSED.length) : relativePath,
      size,
      modifiedAt,
      stamp,
      sideFiles: [],
      open: () => readChunks(path),
      ...(isCompressed ? {} : { openFrom: (start: number) => readChunks(path, { start }) }),
    });
  }

  #side(
    { path, relativePath, size, stamp }: LookedAtFile,
    found: Extract<Recognized, { type: "side" }>,
  ): void {
    const owner = keyOf({ nativeId: found.owner, parentId: found.ownerParentId });
    const side = { path, relativePath, size, stamp, about: found.about };
    const known = this.#sideFiles.get(owner);
    if (known) known.push(side);
    else this.#sideFiles.set(owner, [side]);
  }

  async #database(path: string): Promise<void> {
    const { database } = this.#reader;
    if (!database) return;
    await this.#try(path, async () => {
      for (const { nativeId, modifiedAt, stamp } of await sessionsIn(path, database))
        this.files.push({
          nativeId,
          path: `${path}#${nativeId}`,
          relativePath: `${nativeId}.jsonl`,
          // What it takes is not known before it is read.
          size: 0,
          modifiedAt,
          stamp,
          sideFiles: [],
          open: openSession(path, database, nativeId),
          madeOf: "rows",
        });
    });
  }

  /** Each session in a text is a transcript of its own. */
  async #sections(path: string, relativePath: string, format: TextFormat): Promise<void> {
    await this.#try(path, async () => {
      const stats = await stat(path, { bigint: true });
      const sections = await sectionsIn(path, stampOf(stats), format);
      const changedAt = modifiedAt(stats);
      const about = { path: await realpath(path) };
      if (sections.length === 0) this.#skip(path, "it is empty", false);
      for (const [i, section] of sections.entries()) {
        const { nativeId, start, end, sha256 } = section;
        this.files.push({
          nativeId,
          path: `${path}#${nativeId}`,
          relativePath: `${relativePath}/${nativeId.replaceAll(/[^\w.-]+/g, "-")}.md`,
          size: end - start,
          // Nothing was written into it after the next one had begun.
          modifiedAt: Math.min(changedAt, sections[i + 1]?.time ?? changedAt),
          stamp: sha256,
          sideFiles: [],
          open: openSection(path, section),
          madeOf: "section",
          about,
        });
      }
    });
  }

  /** What a database has as well is taken from there: the files are what was there before it. */
  #takeMembers(): void {
    const inDatabase = new Map(this.files.map((file) => [file.nativeId, file]));
    const { files, orphans } = sessionsOf(this.#members);
    for (const file of files) {
      const same = inDatabase.get(file.nativeId);
      if (same) this.#skip(file.path, `its session is in ${same.path}`, false);
      else this.files.push(file);
    }
    for (const { path } of orphans) this.#skip(path, "there is no session that it belongs to", false);
  }

  async #try<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#skip(path, reasonOf(error), true);
      return undefined;
    }
  }

  #skip(path: string, reason: string, failed: boolean): void {
    this.skipped.push({ path, reason, failed });
  }
}

/** The sessions in one text stay in the order of the text. */
function filePathOf({ path, nativeId, madeOf }: TranscriptFile): string {
  return madeOf === "section" ? path.slice(0, -`#${nativeId}`.length) : path;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function keyOf({ nativeId, parentId }: NamedTranscript): string {
  return JSON.stringify([parentId ?? null, nativeId]);
}

import { existsSync, statSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { TextFormat } from "../lines/text-format.ts";
import type { AgentReader, AgentRoot, NamedTranscript } from "../model/agent-reader.ts";
import { openSession, sessionsIn } from "./database-sessions.ts";
import { modifiedAt, stampOf } from "./file-stamp.ts";
import { readFirstRecord } from "./first-record.ts";
import { type MemberFile, sessionsOf } from "./member-tree.ts";
import { COMPRESSED, readChunks, reasonOf } from "./read-chunks.ts";
import { openSection, sectionsIn } from "./text-sections.ts";
import type { SideFile, SkippedFile, TranscriptFile } from "./transcript-file.ts";

/** What lies in a folder, or at a path that a person named. */
export interface FoundTranscripts {
  readonly files: readonly TranscriptFile[];
  readonly skipped: readonly SkippedFile[];
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
  const search = new Search(reader, known);
  await search.run(path);
  return search;
}

type KnownNames = (path: string, stamp: string) => NamedTranscript | undefined;

/** More folders than any agent nests, fewer than a circle of links would need. */
const MAX_DEPTH = 16;
/** What is looked at before others get a turn: about a millisecond. */
const FILES_PER_TURN = 100;

class Search implements FoundTranscripts {
  readonly #reader: AgentReader;
  readonly #known: KnownNames;
  readonly skipped: SkippedFile[] = [];
  files: TranscriptFile[] = [];
  /** By the transcript that they belong to. */
  readonly #sideFiles = new Map<string, SideFile[]>();
  /** Folders that were walked, so that links to one are not walked twice. */
  readonly #walked = new Set<string>();
  readonly #members: MemberFile[] = [];
  #looks = 0;

  constructor(reader: AgentReader, known: KnownNames) {
    this.#reader = reader;
    this.#known = known;
  }

  async run(path: string | AgentRoot): Promise<void> {
    if (typeof path === "string") await this.#given(path);
    // An agent that is not there has no histories.
    else if (existsSync(path.path)) {
      for (const folder of path.folders)
        if (existsSync(join(path.path, folder))) await this.#walk(join(path.path, folder), path.path, 0);
      if (this.#reader.rootFiles) await this.#filesOf(path.path);
    }
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

  async #given(path: string): Promise<void> {
    const stats = await this.#try(path, () => stat(path));
    if (!stats) return;
    if (!stats.isDirectory()) return this.#named(path);
    const folders = await this.#historyFolders(path);
    for (const folder of folders) await this.#walk(join(path, folder), path, 0);
    if (this.#reader.rootFiles && !folders.includes(".")) await this.#filesOf(path);
  }

  /** The files of a root, without what lies in its folders. */
  async #filesOf(root: string): Promise<void> {
    const entries = await this.#try(root, () => readdir(root, { withFileTypes: true }));
    for (const entry of entries ?? [])
      if (!entry.isDirectory() && this.#reader.recognize(entry.name))
        await this.#file(join(root, entry.name), root, entry.isFile());
  }

  /** Those of the agent's folders that are there; in any other folder everything. */
  async #historyFolders(root: string): Promise<readonly string[]> {
    const names = (await this.#try(root, () => readdir(root))) ?? [];
    // Such a folder that was named itself may have another one of this name in it.
    const isOne = this.#reader.folders.includes(basename(root));
    const own = isOne ? [] : this.#reader.folders.filter((folder) => names.includes(folder));
    return own.length > 0 ? own : ["."];
  }

  async #walk(folder: string, root: string, depth: number): Promise<void> {
    const real = await this.#try(folder, () => realpath(folder));
    if (real === undefined || this.#walked.has(real)) return;
    this.#walked.add(real);
    if (depth > MAX_DEPTH) return this.#skip(folder, `it lies more than ${MAX_DEPTH} folders deep`, true);
    const entries = await this.#try(folder, () => readdir(folder, { withFileTypes: true }));
    for (const entry of entries ?? []) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await this.#walk(path, root, depth + 1);
      else if (entry.isSymbolicLink()) await this.#link(path, root, depth);
      else await this.#file(path, root, entry.isFile());
    }
  }

  async #link(path: string, root: string, depth: number): Promise<void> {
    if (!this.#reader.recognize(portable(relative(root, path)))) {
      // A link to nothing that has no name of ours is somebody else's.
      const stats = await stat(path).catch(() => null);
      if (stats?.isDirectory()) await this.#walk(path, root, depth + 1);
      return;
    }
    const stats = await this.#try(path, () => stat(path));
    if (stats?.isDirectory()) await this.#walk(path, root, depth + 1);
    else if (stats) await this.#file(path, root, stats.isFile());
  }

  async #file(path: string, root: string, isRegular: boolean): Promise<void> {
    const relativePath = portable(relative(root, path));
    const found = this.#reader.recognize(relativePath);
    if (!found) return;
    if (!isRegular) return this.#skip(path, "it is no regular file", true);
    if (found.type === "transcript") return this.#transcript(path, relativePath, found);
    if (found.type === "database") return this.#database(path);
    const stats = await this.#try(path, () => stat(path, { bigint: true }));
    if (!stats) return;
    if (found.type === "member") {
      const { tree, id, within } = found;
      const [size, stamp] = [Number(stats.size), stampOf(stats)];
      const at = modifiedAt(stats);
      this.#members.push({ path, relativePath, tree, id, within, size, modifiedAt: at, stamp });
      return;
    }
    const owner = keyOf({ nativeId: found.owner, parentId: found.ownerParentId });
    const [size, stamp] = [Number(stats.size), stampOf(stats)];
    const side = { path, relativePath, size, stamp, about: found.about };
    const known = this.#sideFiles.get(owner);
    if (known) known.push(side);
    else this.#sideFiles.set(owner, [side]);
  }

  /** What a file is may be said by the folders above it; else its own name has to be one of a transcript. */
  async #named(path: string): Promise<void> {
    const [whole, name] = [portable(path), basename(path)];
    const byPath = this.#reader.recognize(whole);
    const found = byPath?.type === "transcript" ? byPath : this.#reader.recognize(name);
    if (found?.type === "database") return this.#database(path);
    if (found?.type !== "transcript")
      return this.#skip(path, `its name is not one that ${this.#reader.title} gives to a transcript`, true);
    const folder = found.parentId === undefined ? -1 : whole.lastIndexOf(`/${found.parentId}/`);
    await this.#transcript(path, folder < 0 ? name : whole.slice(folder + 1), found);
  }

  async #transcript(path: string, relativePath: string, byName: NamedTranscript): Promise<void> {
    const format = this.#reader.textFormat?.(relativePath) ?? null;
    if (format) return this.#sections(path, relativePath, format);
    await this.#try(path, async () => {
      // For thousands of files the way through the pool of threads would cost many times more.
      const stats = statSync(path, { bigint: true });
      if (++this.#looks % FILES_PER_TURN === 0) await nextTurn();
      const stamp = stampOf(stats);
      const keys = this.#reader.listKeys?.(relativePath) ?? null;
      const named =
        this.#known(path, stamp) ?? this.#reader.identify(byName, await readFirstRecord(path, keys));
      this.files.push({
        nativeId: named.nativeId,
        parentId: named.parentId,
        path,
        relativePath: relativePath.endsWith(COMPRESSED)
          ? relativePath.slice(0, -COMPRESSED.length)
          : relativePath,
        size: Number(stats.size),
        modifiedAt: modifiedAt(stats),
        stamp,
        sideFiles: [],
        open: () => readChunks(path),
        ...(path.endsWith(COMPRESSED) ? {} : { openFrom: (start: number) => readChunks(path, { start }) }),
      });
    });
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

function portable(path: string): string {
  return sep === "/" ? path : path.split(sep).join("/");
}

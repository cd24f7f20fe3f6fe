import { type Dirent, existsSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import type { AgentReader, AgentRoot, Recognized } from "../model/agent-reader.ts";
import { reasonOf } from "./read-chunks.ts";
import type { SkippedFile } from "./transcript-file.ts";

/** A file with a name that the agent gives. */
export interface RecognizedFile {
  readonly path: string;
  /** Relative to the agent's root, with `/` between its parts. */
  readonly relativePath: string;
  readonly found: Recognized;
}

/**
 * Walks one of an agent's roots, or a path: of a root, of a folder within, or of one file. No file is looked
 * at. What cannot be read is among the skipped, and never hides the rest.
 */
export async function recognizeFiles(
  reader: AgentReader,
  path: string | AgentRoot,
): Promise<{
  readonly files: readonly RecognizedFile[];
  readonly skipped: readonly SkippedFile[];
  /** Those that it has read. */
  readonly folders: readonly string[];
}> {
  const walk = new Walk(reader);
  await walk.run(path);
  return walk;
}

/** More folders than any agent nests, fewer than a circle of links would need. */
const MAX_DEPTH = 16;

class Walk {
  readonly files: RecognizedFile[] = [];
  readonly skipped: SkippedFile[] = [];
  readonly folders: string[] = [];
  readonly #reader: AgentReader;
  /** Folders that were walked, so that links to one are not walked twice. */
  readonly #walked = new Set<string>();

  constructor(reader: AgentReader) {
    this.#reader = reader;
  }

  async run(path: string | AgentRoot): Promise<void> {
    if (typeof path === "string") await this.#given(path);
    // An agent that is not there has no histories.
    else if (existsSync(path.path)) {
      for (const folder of path.folders)
        if (existsSync(join(path.path, folder)))
          await this.#walk(join(path.path, folder), withinRoot(folder), 0);
      if (this.#reader.rootFiles) await this.#filesOf(path.path);
    }
  }

  async #given(path: string): Promise<void> {
    const stats = await this.#try(path, () => stat(path));
    if (!stats) return;
    if (!stats.isDirectory()) return this.#named(path);
    const folders = await this.#historyFolders(path);
    for (const folder of folders) await this.#walk(join(path, folder), withinRoot(folder), 0);
    if (this.#reader.rootFiles && !folders.includes(".")) await this.#filesOf(path);
  }

  /** The files of a root, without what lies in its folders. */
  async #filesOf(root: string): Promise<void> {
    const entries = await this.#entriesOf(root);
    for (const entry of entries ?? [])
      if (!entry.isDirectory()) this.#file(join(root, entry.name), entry.name, entry.isFile());
  }

  #entriesOf(folder: string): Promise<Dirent[] | undefined> {
    this.folders.push(folder);
    return this.#try(folder, () => readdir(folder, { withFileTypes: true }));
  }

  /** Those of the agent's folders that are there; in any other folder everything. */
  async #historyFolders(root: string): Promise<readonly string[]> {
    const names = (await this.#try(root, () => readdir(root))) ?? [];
    // Such a folder that was named itself may have another one of this name in it.
    const isOne = this.#reader.folders.includes(basename(root));
    const own = isOne ? [] : this.#reader.folders.filter((folder) => names.includes(folder));
    return own.length > 0 ? own : ["."];
  }

  /** @param prefix what the relative paths of its files begin with. */
  async #walk(folder: string, prefix: string, depth: number): Promise<void> {
    const real = await this.#try(folder, () => realpath(folder));
    if (real === undefined || this.#walked.has(real)) return;
    this.#walked.add(real);
    if (depth > MAX_DEPTH) return this.#skip(folder, `it lies more than ${MAX_DEPTH} folders deep`);
    const entries = await this.#entriesOf(folder);
    for (const entry of entries ?? []) {
      const path = join(folder, entry.name);
      const relativePath = prefix + entry.name;
      if (entry.isDirectory()) await this.#walk(path, `${relativePath}/`, depth + 1);
      else if (entry.isSymbolicLink()) await this.#link(path, relativePath, depth);
      else this.#file(path, relativePath, entry.isFile());
    }
  }

  async #link(path: string, relativePath: string, depth: number): Promise<void> {
    if (!this.#reader.recognize(relativePath)) {
      // A link to nothing that has no name of ours is somebody else's.
      const stats = await stat(path).catch(() => null);
      if (stats?.isDirectory()) await this.#walk(path, `${relativePath}/`, depth + 1);
      return;
    }
    const stats = await this.#try(path, () => stat(path));
    if (stats?.isDirectory()) await this.#walk(path, `${relativePath}/`, depth + 1);
    else if (stats) this.#file(path, relativePath, stats.isFile());
  }

  #file(path: string, relativePath: string, isRegular: boolean): void {
    const found = this.#reader.recognize(relativePath);
    if (!found) return;
    if (isRegular) this.files.push({ path, relativePath, found });
    else this.#skip(path, "it is no regular file");
  }

  /** What a file is may be said by the folders above it; else its own name has to be one of a transcript. */
  #named(path: string): void {
    const [whole, name] = [portable(path), basename(path)];
    const byPath = this.#reader.recognize(whole);
    const found = byPath?.type === "transcript" ? byPath : this.#reader.recognize(name);
    if (found?.type === "database") {
      this.files.push({ path, relativePath: name, found });
      return;
    }
    if (found?.type !== "transcript") {
      this.#skip(path, `its name is not one that ${this.#reader.title} gives to a transcript`);
      return;
    }
    const folder = found.parentId === undefined ? -1 : whole.lastIndexOf(`/${found.parentId}/`);
    this.files.push({ path, relativePath: folder < 0 ? name : whole.slice(folder + 1), found });
  }

  async #try<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#skip(path, reasonOf(error));
      return undefined;
    }
  }

  #skip(path: string, reason: string): void {
    this.skipped.push({ path, reason, failed: true });
  }
}

/** What the relative paths of the files in one of the agent's folders begin with. */
function withinRoot(folder: string): string {
  return folder === "." ? "" : `${folder}/`;
}

function portable(path: string): string {
  return sep === "/" ? path : path.split(sep).join("/");
}

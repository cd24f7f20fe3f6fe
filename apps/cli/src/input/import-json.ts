import { type FileHandle, open, realpath, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { openSessionFile, sessionIdIn } from "@thulp-sessions/config";
import { isSessionError, type SessionId, type SessionStore } from "@thulp-sessions/core";
import { TempFolder } from "../store/temp-store.ts";
import { usage } from "../terminal/exit.ts";
import { type ListSink, splitList } from "./json-list.ts";
import type { Input } from "./read-input.ts";
import type { TextRepair } from "./text-repair.ts";

/** So many sessions of a list are copied at a time: then they share commits. */
const BATCH_SESSIONS = 200;
const BATCH_CHARACTERS = 8 * 1024 * 1024;

export interface ImportJsonOptions {
  readonly repair: TextRepair | undefined;
  /** Gets the sessions in turn, some at a time. */
  readonly take: (store: SessionStore) => Promise<void>;
}

/**
 * Takes in a session as a file of thulp-workspace is, or a JSON list of these, of any size. A file is read in
 * its place; what cannot be read twice goes through a file in a folder of its own.
 *
 * @throws {Failure} that says what is wrong; the sessions of a list that stand before it are taken.
 */
export async function importJson(input: Input, options: ImportJsonOptions): Promise<void> {
  const { repair, take } = options;
  const pieces = input.textPieces(repair);
  if (await input.beginsWith("[")) return importList(pieces, input.name, take);
  if (input.file !== null && !repair && !(await input.hasMark()) && (await stat(input.file)).isFile()) {
    // Whether all of it is UTF-8 is said with its place.
    for await (const _ of pieces);
    const path = await realpath(input.file);
    return take(await explained(input.name, () => openSessionFile(path)));
  }
  const folder = await TempFolder.make();
  try {
    const path = join(folder.path, "session");
    const file = await open(path, "wx", 0o600);
    try {
      for await (const piece of pieces) await file.writeFile(piece);
    } finally {
      await file.close();
    }
    await take(await explained(input.name, () => openSessionFile(path)));
  } finally {
    await folder.remove();
  }
}

async function importList(
  pieces: AsyncIterable<string>,
  name: string,
  take: ImportJsonOptions["take"],
): Promise<void> {
  const batches = new ListBatches(name, take);
  try {
    await splitList(pieces, batches, name);
  } finally {
    await batches.finish();
  }
}

/** Collects the sessions of a list as files, some at a time. */
class ListBatches implements ListSink {
  readonly #name: string;
  readonly #take: ImportJsonOptions["take"];
  #folder: TempFolder | undefined;
  #file: FileHandle | undefined;
  #ids = new Set<SessionId>();
  #characters = 0;
  #count = 0;

  constructor(name: string, take: ImportJsonOptions["take"]) {
    this.#name = name;
    this.#take = take;
  }

  async piece(text: string): Promise<void> {
    this.#folder ??= await TempFolder.make();
    this.#file ??= await open(begunIn(this.#folder), "wx", 0o600);
    this.#characters += text.length;
    await this.#file.writeFile(text);
  }

  async end(): Promise<void> {
    const folder = this.#folder as TempFolder;
    await this.#close();
    const path = begunIn(folder);
    const place = `${this.#name}, session ${this.#count++}`;
    const id = await explained(place, () => sessionIdIn(path));
    if (this.#ids.has(id)) {
      // A session may stand in a list again.
      const next = await TempFolder.make();
      await rename(path, join(next.path, `${id}.json`));
      await this.#flush();
      this.#folder = next;
    } else await rename(path, join(folder.path, `${id}.json`));
    this.#ids.add(id);
    if (this.#ids.size >= BATCH_SESSIONS || this.#characters >= BATCH_CHARACTERS) await this.#flush();
  }

  /** Takes those that are complete. */
  async finish(): Promise<void> {
    await this.#close();
    await this.#flush();
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #flush(): Promise<void> {
    const folder = this.#folder;
    this.#folder = undefined;
    const hasSessions = this.#ids.size > 0;
    this.#ids = new Set();
    this.#characters = 0;
    try {
      if (folder && hasSessions) await this.#take(await folder.open());
    } finally {
      await folder?.remove();
    }
  }
}

/** Where the session that is being read is written until its id is known. */
function begunIn(folder: TempFolder): string {
  return join(folder.path, "session");
}

/** @throws {Failure} that names the input where it holds no session. */
async function explained<T>(place: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!isSessionError(error, "corrupt") && !isSessionError(error, "unsupported")) throw error;
    const { cause, details } = error;
    const reason = cause instanceof Error ? cause.message : error.message;
    throw usage(`${place}: this is no session: ${reason} (byte ${details.offset}).`);
  }
}

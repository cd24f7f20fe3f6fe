import {
  firstRoundedWhole,
  isSessionError,
  type SessionEntry,
  type SessionMetadata,
  type SessionStore,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { TempFolder } from "../store/temp-store.ts";
import { Failure, usage } from "../terminal/exit.ts";
import { parseEntryLine } from "./entry-lines.ts";
import { parseObject } from "./read-input.ts";

/** So much is copied at a time, and held in memory; a larger session goes through a file. */
const BATCH_SESSIONS = 200;
const BATCH_CHARACTERS = 8 * 1024 * 1024;

interface Begun {
  readonly place: string;
  readonly metadata: SessionMetadata;
  readonly context: Readonly<Record<string, never>>;
  /** Those that are in memory. */
  entries: SessionEntry[];
  characters: number;
  /** Where those before are, of a session that is too large to be held in memory. */
  spool?: { readonly folder: TempFolder; readonly store: SessionStore };
}

export interface ImportLinesOptions {
  readonly name: string;
  /** Told of a line that is passed over; absent where the first one ends the input. */
  readonly onBad?: ((message: string) => void) | undefined;
  /** Gets the sessions in turn, some at a time. */
  readonly take: (store: SessionStore) => Promise<void>;
}

/**
 * Takes in the lines that `export --format jsonl` has written. What stands before a line that is wrong is
 * taken, but for the session that it belongs to.
 *
 * @throws {Failure} that names the line that is wrong.
 */
export async function importLines(
  lines: AsyncIterable<{ readonly line: string; readonly number: number }>,
  options: ImportLinesOptions,
): Promise<void> {
  const reader = new SessionLines(options);
  try {
    for await (const { line, number } of lines) await reader.add(line, `${options.name}, line ${number}`);
    await reader.endSession();
  } finally {
    await reader.leave();
    await reader.flush();
  }
}

class SessionLines {
  readonly #options: ImportLinesOptions;
  #batch = new MemoryStore();
  #sessions = 0;
  #characters = 0;
  #begun: Begun | undefined;
  /** The line of a session was passed over: its entries are, too. */
  #isOrphaned = false;

  constructor(options: ImportLinesOptions) {
    this.#options = options;
  }

  async add(line: string, place: string): Promise<void> {
    this.#characters += line.length;
    try {
      await this.#read(line, place);
    } catch (error) {
      const { onBad } = this.#options;
      if (!(error instanceof Failure) || !onBad) {
        await this.leave();
        throw error;
      }
      onBad(error.message);
    }
  }

  async #read(line: string, place: string): Promise<void> {
    const { type, metadata, context } = await this.#parse(line, place);
    if (type === "session") {
      // What is wrong with the one before is no reason to leave this one.
      const problem = await this.endSession().catch((error) => error);
      this.#isOrphaned = true;
      if (firstRoundedWhole(line) !== null)
        throw usage(`${place}: it holds a whole number beyond 2^53, which would be rounded.`);
      this.#begun = {
        place,
        metadata: metadata as SessionMetadata,
        context: context as Begun["context"],
        entries: [],
        characters: 0,
      };
      this.#isOrphaned = false;
      if (problem) throw problem;
    } else if (type === "entry" && this.#isOrphaned) {
      throw usage(`${place}: the session of this entry was not taken.`);
    } else if (type === "entry" && this.#begun) {
      const entry = parseEntryLine(line, place);
      if (entry.id === undefined || entry.timestamp === undefined)
        throw usage(`${place}: an entry has an id and a timestamp here.`);
      this.#begun.entries.push(entry as SessionEntry);
      this.#begun.characters += line.length;
      if (this.#begun.characters >= BATCH_CHARACTERS) await this.#spoolOrLeave(this.#begun);
    } else {
      await this.#leaveSession();
      throw usage(
        `${place}: expected {"type":"session",...}, then {"type":"entry",...} for each of its entries.`,
      );
    }
  }

  async #parse(line: string, place: string): Promise<Readonly<Record<string, unknown>>> {
    try {
      return parseObject(line, place);
    } catch (error) {
      // Whose entries follow, if it was the line of a session, nobody knows.
      if (!line.startsWith('{"type":"entry"')) await this.#leaveSession();
      throw error;
    }
  }

  /** What follows belongs to another session, which is not taken. */
  async #leaveSession(): Promise<void> {
    const { onBad } = this.#options;
    if (!onBad) return;
    await this.endSession().catch((error) => onBad((error as Error).message));
    this.#isOrphaned = true;
  }

  /** Puts the session that was begun into the batch. @throws {Failure} when no store takes it. */
  async endSession(): Promise<void> {
    const begun = this.#begun;
    if (!begun) return;
    if (begun.spool) return this.#takeSpooled(begun);
    this.#begun = undefined;
    const { place, metadata, context, entries } = begun;
    // A session may stand in an input again.
    if (await this.#isInBatch(metadata)) await this.flush();
    await refusing(place, () => this.#batch.create({ metadata, context, entries }));
    this.#sessions++;
    if (this.#sessions >= BATCH_SESSIONS || this.#characters >= BATCH_CHARACTERS) await this.flush();
  }

  async #spoolOrLeave(begun: Begun): Promise<void> {
    try {
      await this.#spool(begun);
    } catch (error) {
      await this.leave();
      this.#isOrphaned = true;
      throw error;
    }
  }

  /** Writes the entries that are in memory behind those before, into a file. */
  async #spool(begun: Begun): Promise<void> {
    const { place, metadata, context, entries } = begun;
    if (!begun.spool) {
      // What is in memory beside it, so that it goes in the order of the lines.
      await this.flush();
      const folder = await TempFolder.make();
      begun.spool = { folder, store: await folder.open() };
      const { store } = begun.spool;
      await refusing(place, () => store.create({ metadata, context, entries: [] }));
    }
    const { store } = begun.spool;
    const result = await refusing(place, () =>
      store.append(metadata.id, entries, { at: metadata.updatedAt }),
    );
    if (result.entries.some(({ added }) => !added))
      throw usage(`${place}: it holds an entry id twice, and is too large to be taken as it is.`);
    begun.entries = [];
    begun.characters = 0;
  }

  async #takeSpooled(begun: Begun): Promise<void> {
    try {
      if (begun.entries.length > 0) await this.#spool(begun);
      if (begun.spool) await this.#options.take(begun.spool.store);
    } finally {
      await this.leave();
    }
  }

  /** Forgets the session that was begun, and what was written of it. */
  async leave(): Promise<void> {
    const begun = this.#begun;
    this.#begun = undefined;
    await begun?.spool?.folder.remove();
  }

  async #isInBatch(metadata: SessionMetadata | undefined): Promise<boolean> {
    try {
      return (await this.#batch.head(metadata?.id as string)) !== undefined;
    } catch {
      return false;
    }
  }

  async flush(): Promise<void> {
    if (this.#sessions === 0) return;
    const batch = this.#batch;
    this.#batch = new MemoryStore();
    this.#sessions = 0;
    this.#characters = 0;
    await this.#options.take(batch);
  }
}

/** @throws {Failure} that names the line of the session where no store takes it. */
async function refusing<T>(place: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isSessionError(error, "io") || isSessionError(error, "busy")) throw error;
    throw usage(`${place}: ${(error as Error).message}`);
  }
}

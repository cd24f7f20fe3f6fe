import type { SessionEntry } from "@thulp-sessions/core";

/** How much a candidate is asked to promise; see `catalog.ts` for what each makes of it. */
export type Durability = "durable" | "relaxed";

/** One who keeps sessions: what all candidates do on the same entries, each through its public interface. */
export interface Adapter {
  /** Makes sessions, in the quickest way that leaves what appending their entries would have left. Never measured. */
  make(sessions: readonly Made[]): Promise<void>;
  append(id: string, entry: SessionEntry): Promise<void>;
  /** All entries of a session as the adapter gives them. */
  load(id: string): Promise<readonly unknown[]>;
  /** The last so many, in order. */
  last(id: string, count: number): Promise<readonly unknown[]>;
  /** The text of an entry that `load` gave. */
  textOf(entry: unknown): string;
  /** The first page of all sessions, the one changed last first; absent where nothing of the kind is offered. */
  list?(limit: number): Promise<readonly unknown[]>;
  /** The same of those with a mark, that one of a hundred sessions has. */
  listMarked?(limit: number): Promise<readonly unknown[]>;
  /** The first hits for a word, over all sessions. */
  search?(word: string, limit: number): Promise<readonly unknown[]>;
  /** The settings that decide what is durable, read back from where they hold. */
  settings(): Promise<string>;
  close(): Promise<void>;
}

/** A session as it is to be made. */
export interface Made {
  readonly id: string;
  readonly entries: readonly SessionEntry[];
  readonly marked: boolean;
  /** Milliseconds. */
  readonly updatedAt: number;
}

export type OpenAdapter = (folder: string, durability: Durability) => Promise<Adapter>;

export function textOfEntry(entry: SessionEntry): string {
  return (entry.content as { text: string }).text;
}

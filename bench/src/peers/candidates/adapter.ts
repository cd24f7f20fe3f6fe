import type { SessionEntry } from "@thulp-sessions/core";

/** When an append counts as done; see bench/README.md for what each candidate makes of it. */
export type Durability = "durable" | "relaxed";

/** What every candidate is asked to do, each through its own public interface, on the same entries. */
export interface Adapter {
  /**
   * Creates sessions, in the quickest way that leaves what appending their entries would have left. Never
   * measured.
   */
  make(sessions: readonly NewSession[]): Promise<void>;
  append(id: string, entry: SessionEntry): Promise<void>;
  /** All entries of a session, in the candidate's own form. */
  load(id: string): Promise<readonly unknown[]>;
  /** The last so many, in order. */
  last(id: string, count: number): Promise<readonly unknown[]>;
  /** The text of an entry that `load` gave. */
  textOf(entry: unknown): string;
  /** The first page of all sessions, the one changed last first; absent where the candidate has no list. */
  list?(limit: number): Promise<readonly unknown[]>;
  /** The same of those with a mark, that one of a hundred sessions has. */
  listMarked?(limit: number): Promise<readonly unknown[]>;
  /** The first hits for a word, over all sessions. */
  search?(word: string, limit: number): Promise<readonly unknown[]>;
  /** The settings that decide what is durable, read back from where they apply. */
  settings(): Promise<string>;
  close(): Promise<void>;
}

/** A session as it is to be made. */
export interface NewSession {
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

import type { EntryType, JsonObject, SessionStatus, Timestamp } from "@thulp-sessions/core";
import type { DatabaseRow, SqlValue } from "../lines/row-text.ts";
import type { TextFormat } from "../lines/text-format.ts";

/** What a record is among the entries of a session. It depends on the file up to this record alone. */
export interface Classified {
  readonly entryType: EntryType;
  /** The record's own id; it need not be unique. */
  readonly recordId?: string | undefined;
  /** When it was written; absent where the record does not say. */
  readonly time?: Timestamp | undefined;
  /**
   * The format does not say whether the call succeeded; `success: true` stands for that. `parts`: it does not
   * say so of the further results, and the record is no result itself.
   */
  readonly unstated?: boolean | "parts" | undefined;
  /** Further results in the same record, one entry each. */
  readonly parts?: readonly EntryType[] | undefined;
  /** The type of the record as its agent names it, for reports. */
  readonly kind: string;
  /** The reader knows this kind of record. */
  readonly known: boolean;
}

/** Another session, by the name that the agent has for it. */
export interface SessionLink {
  /** Its id for the agent. */
  readonly nativeId: string;
  /** For a fork: the record that it begins behind. */
  readonly at?: string | undefined;
}

/** What a transcript says of its session, as far as it was read. */
export interface TranscriptFacts {
  /** The title by the agent's own precedence, else the first prompt. */
  readonly name: string | null;
  readonly status: SessionStatus;
  readonly createdAt?: Timestamp | undefined;
  readonly cwd?: string | undefined;
  readonly gitBranch?: string | undefined;
  readonly gitRemote?: string | undefined;
  /** The versions of the agent that have written it, in the order of their appearance. */
  readonly versions: readonly string[];
  /** The session that started this one. */
  readonly parent?: SessionLink | undefined;
  /** The session of which this one is a copy that went on by itself. */
  readonly fork?: SessionLink | undefined;
}

/** Reads the records of one file in their order. Pure: it neither reads files nor asks for the time. */
export interface RecordParser {
  /** What a file beside the transcript says of the session: before the first record. */
  about?(record: JsonObject): void;
  classify(record: JsonObject): Classified;
  facts(): TranscriptFacts;
}

/** What a file is to its agent, by its path alone. */
export type Recognized =
  | { readonly type: "transcript"; readonly nativeId: string; readonly parentId?: string | undefined }
  /** Belongs to a session without being its transcript; `about`: what it says of the session is asked for. */
  | {
      readonly type: "side";
      readonly owner: string;
      readonly ownerParentId?: string | undefined;
      readonly about?: true;
    }
  /** A database with sessions in it: `database` of the reader says which. */
  | { readonly type: "database" }
  /**
   * One of many files that make up a session: its id, and that of the file that it belongs to; the one that
   * belongs to none is the session's own. `tree` keeps the ids of one folder apart from those of another.
   */
  | { readonly type: "member"; readonly tree: string; readonly id: string; readonly within: string | null };

/** Where an agent keeps its histories, and what its records mean. */
export interface AgentReader {
  /** The name in tags and in the names of sessions, e.g. `claude-code`. */
  readonly agent: string;
  /** How people call it. */
  readonly title: string;
  /** Where the agent keeps its histories on a machine, the likeliest first; they need not be there. */
  roots(place: MachinePlace): readonly AgentRoot[];
  /** The folders of a root that hold histories: of a path that has one of them, only they are read. */
  readonly folders: readonly string[];
  /** Histories lie in files of the root itself, too: beside these folders, not within others. */
  readonly rootFiles?: true;
  /** What a database of the agent holds. */
  readonly database?: SessionDatabase;
  /**
   * @param path relative to a root, with `/` between its parts.
   * @returns `null` for what is no history.
   */
  recognize(path: string): Recognized | null;
  /**
   * Of a file that is one JSON text instead of lines: the keys under which its list of records may stand, if
   * the text is no list itself. Absent, or `null`, for files of lines.
   *
   * @param path relative to a root, with `/` between its parts.
   */
  listKeys?(path: string): readonly string[] | null;
  /**
   * Of a text for people, with several sessions in it: how it is cut. Its records are `{ block, text }`, with
   * the kind of a block and all of its text; `about` is told the `path` of the file first. Absent, or `null`,
   * for all other files.
   *
   * @param path relative to a root, with `/` between its parts.
   */
  textFormat?(path: string): TextFormat | null;
  /**
   * The id of the session where the file's first record knows better than its name.
   * @param first of a file that is one JSON text, what stands before its list; `null` where the file does not
   *   begin with a record.
   */
  identify(named: NamedTranscript, first: JsonObject | null): NamedTranscript;
  parser(named: NamedTranscript): RecordParser;
}

/** Asks a database; of a statement that it cannot run, it throws. */
export type SqlQuery = (
  sql: string,
  ...values: readonly SqlValue[]
) => readonly Readonly<Record<string, SqlValue>>[];

/** What a database holds of a session, as far as it takes to know whether it has changed. */
export interface DatabaseSession {
  readonly nativeId: string;
  readonly modifiedAt: Timestamp;
  /** What tells this state of it from another. */
  readonly stamp: string;
}

/**
 * The sessions in a database that an agent writes. It is read in transactions that do not write, by the names
 * of tables and columns that hold sessions, so that no other is ever looked into.
 */
export interface SessionDatabase {
  sessions(query: SqlQuery): readonly DatabaseSession[];
  /** What is kept of one session, each row a record, in the order in which they were made. */
  rows(query: SqlQuery, nativeId: string): Iterable<DatabaseRow>;
}

/** A transcript and its names. */
export interface NamedTranscript {
  readonly nativeId: string;
  /** The session whose sub-agent it is. */
  readonly parentId?: string | undefined;
}

/** A folder that is an agent's own. */
export interface AgentRoot {
  readonly path: string;
  /** The folders in it that hold histories, `.` for itself; nothing else is looked at. */
  readonly folders: readonly string[];
}

/** What of a machine decides where agents keep their files. */
export interface MachinePlace {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder in which somebody works: of agents that keep their files in projects, where to look. */
  readonly cwd?: string | undefined;
}

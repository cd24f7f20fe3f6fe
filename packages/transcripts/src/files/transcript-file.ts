import type { JsonObject } from "@thulp-sessions/core";
import type { NamedTranscript } from "../model/agent-reader.ts";

/** A file that belongs to a session without being its transcript. */
export interface SideFile {
  readonly path: string;
  /** Relative to the agent's root, with `/` between its parts. */
  readonly relativePath: string;
  readonly size: number;
  /** What tells this state of it from another. */
  readonly stamp: string;
  /** It says something of the session. */
  readonly about?: true | undefined;
}

/** The bytes of a transcript, from the first one; a chunk is only valid until the next one is asked for. */
export type OpenBytes = () => AsyncGenerator<Buffer, void, undefined>;

/** A transcript that was found. */
export interface TranscriptFile extends NamedTranscript {
  /** Where it is, for people and to know it again; of one among several in a file, its session behind `#`. */
  readonly path: string;
  /** Relative to the agent's root, with `/` between its parts, and without the ending of a compression. */
  readonly relativePath: string;
  readonly size: number;
  readonly modifiedAt: number;
  /** What tells this state of it from another. */
  readonly stamp: string;
  readonly sideFiles: readonly SideFile[];
  readonly open: OpenBytes;
  /** The same from a byte on; absent where what stands before has to be read for it. */
  readonly openFrom?: (start: number) => ReturnType<OpenBytes>;
  /** It is no file by itself: made of the rows of a database, or of many files; or a part of a file. */
  readonly madeOf?: "rows" | "members" | "section";
  /** What is known of the session before its first record, for the parser. */
  readonly about?: JsonObject;
}

/** What was not read, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
  /** It should have been readable. */
  readonly failed: boolean;
}

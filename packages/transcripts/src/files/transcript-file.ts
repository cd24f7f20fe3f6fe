import type { NamedTranscript } from "../model/agent-reader.ts";

/** A file that belongs to a session without being its transcript. */
export interface SideFile {
  readonly path: string;
  /** Relative to the agent's root, with `/` between its parts. */
  readonly relativePath: string;
  readonly size: number;
  /** What tells this state of it from another. */
  readonly stamp: string;
}

/** A transcript that was found. */
export interface TranscriptFile extends NamedTranscript {
  readonly path: string;
  /** Relative to the agent's root, with `/` between its parts, and without the ending of a compression. */
  readonly relativePath: string;
  readonly size: number;
  readonly modifiedAt: number;
  /** What tells this state of it from another. */
  readonly stamp: string;
  readonly sideFiles: readonly SideFile[];
}

/** What was not read, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
  /** It should have been readable. */
  readonly failed: boolean;
}

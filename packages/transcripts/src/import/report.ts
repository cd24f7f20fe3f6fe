import type { SessionId } from "@thulp-sessions/core";
import type { RedactionReport } from "./session-redaction.ts";

/** What became of one file. */
export interface FileReport {
  readonly path: string;
  readonly agent: string;
  /** Absent where nothing was read. */
  readonly sessionId?: SessionId | undefined;
  readonly name?: string | null;
  /**
   * `new`: its session was not there. `grown`: what was there is the file's beginning. `changed`: the agent
   * has changed or removed something; what was imported before stays. `duplicate`: another file has all of
   * it. `failed`: it could not be read or stored to its end.
   */
  readonly result: "new" | "grown" | "changed" | "unchanged" | "duplicate" | "skipped" | "failed";
  /** Why it was skipped or failed, or which file has all of it. */
  readonly reason?: string;
  /** Where its bytes went: these add up to its size. */
  readonly bytes: BytesReport;
  readonly entries: EntriesReport;
  /** Types of records that the reader has never seen, and how many. They are kept like all others. */
  readonly unknownKinds: Readonly<Record<string, number>>;
  /** Lines that were not stored, and why. Empty unless something is wrong with the importer or the store. */
  readonly refused: readonly string[];
  readonly sideFiles: SideFilesReport;
  /** The secrets that were replaced, of what is new; absent where nobody has asked for that. */
  readonly redacted?: RedactionReport;
}

export interface BytesReport {
  readonly total: number;
  /** Imported before. */
  readonly unchanged: number;
  /** In lines that are records. */
  readonly records: number;
  /** In lines that are kept as what they are: no JSON, torn, too long, not storable as a record. */
  readonly raw: number;
  readonly blank: number;
  /** Behind the last line end, and no whole record: kept until the line is. */
  readonly tail: number;
}

export interface EntriesReport {
  readonly added: number;
  readonly present: number;
  /** Of those added: a record with the id of this one was there; it was changed, or written again. */
  readonly revised: number;
  /** Of those added: whole records that were found within broken lines. */
  readonly salvaged: number;
}

export interface SideFilesReport {
  readonly added: number;
  readonly present: number;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

const NO_BYTES: BytesReport = { total: 0, unchanged: 0, records: 0, raw: 0, blank: 0, tail: 0 };
const NO_ENTRIES: EntriesReport = { added: 0, present: 0, revised: 0, salvaged: 0 };
export const NO_SIDE_FILES: SideFilesReport = { added: 0, present: 0, skipped: [] };

/** A report of a file of which nothing was read. */
export function emptyReport(
  path: string,
  agent: string,
  result: FileReport["result"],
  reason?: string,
): FileReport {
  return {
    path,
    agent,
    result,
    ...(reason === undefined ? {} : { reason }),
    bytes: NO_BYTES,
    entries: NO_ENTRIES,
    unknownKinds: {},
    refused: [],
    sideFiles: NO_SIDE_FILES,
  };
}

/** Was everything that could be read stored? What the agent itself left unfinished does not count. */
export function isComplete({ result, refused }: FileReport): boolean {
  return result !== "failed" && refused.length === 0;
}

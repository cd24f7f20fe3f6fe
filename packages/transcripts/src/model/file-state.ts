import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import { listOf, objectOf, textOf } from "./fields.ts";

/** The key of a session's context under which {@link FileState} lies. */
export const STATE_KEY = "import";
/** The key of a session's context with what the transcript says of the session. */
export const SOURCE_KEY = "source";

/** The tag of sessions from which secrets were taken, if there were any. */
export const REDACTED_TAG = "redacted";
/** The key of the context of such a session: which sorts of secrets were found in entries, how often. */
export const REDACTION_KEY = "redaction";

/** Entries that follow each other: the `seq` of the first, and how many. */
export type Run = readonly [first: number, count: number];

/** What stands behind the last line end of a file. */
export type Tail = {
  readonly size: number;
  readonly sha256: string;
} & (
  | { readonly text: string }
  | { readonly base64: string }
  /** It is in entries: a whole record whose line has not ended, or pieces of a long line. */
  | { readonly runs: readonly Run[] }
);

/** An entry by its place and its id. */
export interface LastEntry {
  readonly seq: number;
  readonly id: string;
}

/** A file beside the transcript, and the entry that holds it. */
export interface SideFileState {
  readonly path: string;
  readonly sha256: string;
  readonly runs: readonly Run[];
}

/** What such a file holds beside its records. */
export interface DocumentState {
  /** Everything before the first record. What is behind the last one is the tail. */
  readonly head: string;
  /** What stands between two records, where their entries do not say otherwise. */
  readonly separator?: string | undefined;
}

/**
 * How the entries of a session make up its file. Entries are only ever added, so that what the agent has
 * changed or removed stays; which of them the file consists of now, and in which order, is said here.
 */
export interface FileState {
  /** Bytes through the last line end. */
  readonly size: number;
  readonly sha256: string;
  readonly runs: readonly Run[];
  readonly tail?: Tail | undefined;
  /** The lines end with `\r\n`. */
  readonly crlf?: true | undefined;
  /** The file begins with a byte order mark. */
  readonly bom?: true | undefined;
  /** Each line is a file, as `memberText` writes it. */
  readonly members?: true | undefined;
  /** Of a file that is one JSON text with a list of records in it. */
  readonly document?: DocumentState | undefined;
  readonly sideFiles?: readonly SideFileState[] | undefined;
  /** The last of all these entries: where another one stands there, the session was cut since. */
  readonly last: LastEntry | null;
  /** What was written into the metadata: where it stands there still, nobody else has changed it. */
  readonly metadata: { readonly name: string; readonly status: string; readonly tags: readonly string[] };
}

/** Adds an entry to the runs. */
export function addToRuns(runs: Run[], seq: number, count = 1): void {
  const last = runs.at(-1);
  if (last && last[0] + last[1] === seq) runs[runs.length - 1] = [last[0], last[1] + count];
  else runs.push([seq, count]);
}

/** How many entries they have. */
export function countRuns(runs: readonly Run[]): number {
  return runs.reduce((sum, [, count]) => sum + count, 0);
}

/**
 * Does a session of so many entries hold what its file says, in the order of the file, and nothing else? What
 * lay beside the file stands where it was taken in.
 */
export function isExactly({ runs, tail, sideFiles = [] }: FileState, entryCount: number): boolean {
  const records = [...runs, ...(tail && "runs" in tail ? tail.runs : [])];
  const isInOrder = records.every(([first], i) => {
    const [before, count] = records[i - 1] ?? [0, 0];
    return first >= before + count;
  });
  return isInOrder && countRuns([...records, ...sideFiles.flatMap((side) => side.runs)]) === entryCount;
}

/** As it is stored in the context. */
export function stateJson(state: FileState): JsonObject {
  return JSON.parse(JSON.stringify(state)) as JsonObject;
}

/** The state in a context, or `null` where there is none, or something else under its key. */
export function stateOf(context: JsonObject): FileState | null {
  const given = objectOf(context[STATE_KEY]);
  const metadata = objectOf(given?.["metadata"]);
  if (!given || !metadata || !isSize(given["size"]) || !isHash(given["sha256"]) || !isRuns(given["runs"]))
    return null;
  if (given["tail"] !== undefined && !isTail(objectOf(given["tail"]))) return null;
  if (given["document"] !== undefined && !isDocument(objectOf(given["document"]))) return null;
  const last = objectOf(given["last"]);
  const isLast = isSize(last?.["seq"]) && typeof last?.["id"] === "string";
  if (given["last"] !== null && !isLast) return null;
  const sides = given["sideFiles"];
  if (sides !== undefined && !listOf(sides).every((side) => isSideFile(objectOf(side)))) return null;
  if (textOf(metadata["name"]) === undefined || textOf(metadata["status"]) === undefined) return null;
  if (!listOf(metadata["tags"]).every((tag) => typeof tag === "string")) return null;
  return given as unknown as FileState;
}

function isTail(tail: JsonObject | undefined): boolean {
  if (!tail || !isSize(tail["size"]) || !isHash(tail["sha256"])) return false;
  return typeof tail["text"] === "string" || typeof tail["base64"] === "string" || isRuns(tail["runs"]);
}

function isDocument(document: JsonObject | undefined): boolean {
  const separator = document?.["separator"];
  return typeof document?.["head"] === "string" && (separator === undefined || typeof separator === "string");
}

function isSideFile(side: JsonObject | undefined): boolean {
  return (
    side !== undefined && typeof side["path"] === "string" && isHash(side["sha256"]) && isRuns(side["runs"])
  );
}

function isHash(value: JsonValue | undefined): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function isSize(value: JsonValue | undefined): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRuns(value: JsonValue | undefined): boolean {
  return (
    Array.isArray(value) &&
    value.every((run) => Array.isArray(run) && run.length === 2 && run.every((part) => isSize(part)))
  );
}

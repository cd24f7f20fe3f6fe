import { createHash } from "node:crypto";
import {
  entryPages,
  type JsonValue,
  SessionError,
  type SessionHead,
  type SessionStore,
} from "@thulp-sessions/core";
import { memberOf } from "../lines/member-text.ts";
import { objectOf, textOf } from "../model/fields.ts";
import {
  type FileState,
  REDACTION_KEY,
  type Run,
  type SideFileState,
  SOURCE_KEY,
  stateOf,
} from "../model/file-state.ts";
import { bytesOfEntry } from "../model/transcript-entries.ts";

/** A file of an agent, as it can be made again from a session. */
export interface ExportedFile {
  /** Relative to a root of the agent, with `/` between its parts; never out of it. */
  readonly path: string;
  /** True when its bytes are those that were imported; known when all of them were written. */
  readonly exact: boolean;
  readonly size: number;
}

/** Were its secrets replaced when it was imported? Its transcript then has marks in their place. */
export function isRedacted({ context }: Pick<SessionHead, "context">): boolean {
  return context[REDACTION_KEY] !== undefined;
}

type Write = (bytes: Uint8Array) => Promise<void>;

/** The agent that a session was imported from; `null` for one of another origin. */
export function agentOf({ context }: Pick<SessionHead, "context">): string | null {
  return stateOf(context) ? (textOf(objectOf(context[SOURCE_KEY])?.["agent"]) ?? null) : null;
}

/**
 * Writes the transcript that a session was imported from, byte for byte, with little memory.
 *
 * @returns whether the bytes are those that were imported: where entries were removed or changed since, they
 *   are not.
 * @throws {SessionError} unsupported, for a session that was not imported.
 */
export async function exportTranscript(store: SessionStore, id: string, write: Write): Promise<ExportedFile> {
  const head = await store.head(id);
  const state = stateOrThrow(head);
  const out = new HashedOutput(write);
  for await (const part of partsOf(store, head, state)) await out.write(part);
  const isExact = out.size === state.size && out.digest() === state.sha256;
  const { size } = out;
  const tail = await writeTail(store, head, state, out);
  return { path: transcriptPath(head), exact: isExact && tail, size: size + (state.tail?.size ?? 0) };
}

/**
 * The files that a transcript was made of, where it was made of many: the paths, and how each is written.
 * Nothing for a transcript that is a file itself.
 */
export async function* exportMembers(
  store: SessionStore,
  id: string,
): AsyncGenerator<{ readonly path: string; write(to: Write): Promise<ExportedFile> }, void, undefined> {
  const head = await store.head(id);
  const state = stateOrThrow(head);
  if (!state.members) return;
  // Whether they are what was imported shows in all of their lines together.
  const { exact } = await exportTranscript(store, id, async () => {});
  let pieces: Buffer[] = [];
  for await (const part of partsOf(store, head, state)) {
    pieces.push(part);
    if (part.at(-1) !== NEWLINE) continue;
    const member = memberOf(Buffer.concat(pieces).toString());
    pieces = [];
    const path = member && safePath(member.path);
    if (!member || !path) continue;
    const { bytes } = member;
    const write = async (to: Write) => {
      await to(bytes);
      return { path, size: bytes.length, exact };
    };
    yield { path, write };
  }
}

/** What lies beside the transcript: the paths, and how each is written. */
export async function* exportSideFiles(
  store: SessionStore,
  id: string,
): AsyncGenerator<{ readonly path: string; write(to: Write): Promise<ExportedFile> }, void, undefined> {
  const head = await store.head(id);
  for (const side of stateOrThrow(head).sideFiles ?? []) {
    const path = safePath(side.path);
    if (path !== null) yield { path, write: (to) => writeSideFile(store, head, side, path, to) };
  }
}

async function writeSideFile(
  store: SessionStore,
  head: SessionHead,
  { runs, sha256 }: SideFileState,
  path: string,
  to: Write,
): Promise<ExportedFile> {
  const out = new HashedOutput(to);
  for await (const content of contentsOf(store, head, runs)) {
    const bytes = bytesOfEntry(content);
    if (bytes) await out.write(bytes);
  }
  return { path, size: out.size, exact: out.digest() === sha256 };
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const NEWLINE = 0x0a;

function stateOrThrow(head: SessionHead): FileState {
  const state = stateOf(head.context);
  if (state) return state;
  const { id } = head.metadata;
  throw new SessionError(
    "unsupported",
    `Session ${id} did not come from a transcript of another agent, so that it cannot be written as one.`,
    { details: { sessionId: id } },
  );
}

async function* contentsOf(
  store: SessionStore,
  { metadata, entryCount }: SessionHead,
  runs: readonly Run[],
): AsyncGenerator<JsonValue, void, undefined> {
  for (const [first, count] of runs) {
    const end = Math.min(entryCount, first + count);
    for await (const { entries } of entryPages(store, metadata.id, first, end))
      for (const { content } of entries) yield content;
  }
}

/** Everything up to what is said of the tail. */
async function* partsOf(
  store: SessionStore,
  head: SessionHead,
  { bom, crlf, document, runs }: FileState,
): AsyncGenerator<Buffer, void, undefined> {
  if (bom) yield BOM;
  if (document) yield Buffer.from(document.head);
  let separator = "";
  for await (const content of contentsOf(store, head, runs)) {
    const part = document ? listedOf(content, separator) : lineOf(content, crlf ? "\r\n" : "\n");
    if (!part) continue;
    yield part;
    separator = document?.separator ?? "";
  }
}

/** A record of a list, with what stands before it. */
function listedOf(content: JsonValue, separator: string): Buffer | null {
  const bytes = bytesOfEntry(content);
  const source = objectOf(objectOf(content)?.["source"]);
  if (!bytes || source?.["piece"] !== undefined) return bytes;
  return Buffer.concat([Buffer.from(textOf(source?.["before"]) ?? separator), bytes]);
}

/** `null` for an entry that is only a view of a line, or that somebody else has written. */
function lineOf(content: JsonValue, lineEnd: string): Buffer | null {
  const bytes = bytesOfEntry(content);
  const source = objectOf(objectOf(content)?.["source"]);
  if (!bytes) return null;
  if (objectOf(source?.["piece"])?.["last"] === false) return bytes;
  return Buffer.concat([bytes, Buffer.from(source?.["otherEnd"] === true ? "\n" : lineEnd)]);
}

async function writeTail(
  store: SessionStore,
  head: SessionHead,
  { tail }: FileState,
  to: HashedOutput,
): Promise<boolean> {
  if (!tail) return true;
  const out = new HashedOutput((bytes) => to.write(bytes));
  if ("text" in tail) await out.write(Buffer.from(tail.text));
  else if ("base64" in tail) await out.write(Buffer.from(tail.base64, "base64"));
  else
    for await (const content of contentsOf(store, head, tail.runs)) {
      const bytes = bytesOfEntry(content);
      if (bytes) await out.write(bytes);
    }
  return out.size === tail.size && out.digest() === tail.sha256;
}

class HashedOutput {
  readonly #hash = createHash("sha256");
  readonly #to: Write;
  size = 0;

  constructor(to: Write) {
    this.#to = to;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.size += bytes.length;
    await this.#to(bytes);
  }

  /** Of what was written until now. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}

/** Was it started by another session of its agent, or is it a part of one? */
export function isSubAgent({ context }: Pick<SessionHead, "context">): boolean {
  return stateOf(context) !== null && textOf(objectOf(context[SOURCE_KEY])?.["parentId"]) !== undefined;
}

/** Where the agent would have it, relative to its root: as it was imported, else by the session's id. */
export function transcriptPath({ context, metadata }: Pick<SessionHead, "context" | "metadata">): string {
  return safePath(textOf(objectOf(context[SOURCE_KEY])?.["path"]) ?? "") ?? `${metadata.id}.jsonl`;
}

/** A path that leads nowhere but into the folder that it is put in, on every system; else `null`. */
function safePath(path: string): string | null {
  const isSafe = path
    .split("/")
    .every((part) => !["", ".", ".."].includes(part) && !/[\\:]/.test(part) && !hasControl(part));
  return isSafe ? path : null;
}

function hasControl(text: string): boolean {
  return [...text].some((char) => char < " ");
}

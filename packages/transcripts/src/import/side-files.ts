import { readFile } from "node:fs/promises";
import type { JsonObject, SessionEntry, Timestamp } from "@thulp-sessions/core";
import { reasonOf } from "../files/read-chunks.ts";
import type { SideFile } from "../files/transcript-file.ts";
import { decodeUtf8, parseRecord } from "../lines/line-value.ts";
import { piecesOf } from "../lines/pieces.ts";
import { derivedEntryId, sha256 } from "../model/derived-ids.ts";
import { addToRuns, type Run, type SideFileState } from "../model/file-state.ts";
import type { SideFilesReport } from "./report.ts";
import type { SessionRedaction } from "./session-redaction.ts";
import type { SessionWriter } from "./session-writer.ts";

/** Whose they are, and how much of them is taken. */
export interface SideFilesOf {
  readonly agent: string;
  readonly session: string;
  readonly maxBytes: number;
  readonly at: Timestamp;
  readonly dryRun: boolean;
  readonly redaction: SessionRedaction | undefined;
}

/** Takes what lies beside a transcript: one entry for a file, several for a large one. */
export async function importSideFiles(
  writer: SessionWriter,
  files: readonly SideFile[],
  before: readonly SideFileState[],
  of: SideFilesOf,
): Promise<{ readonly states: readonly SideFileState[]; readonly report: SideFilesReport }> {
  // What is not there any more was removed by the agent, and stays here.
  const states = new Map(before.map((state) => [state.path, state]));
  const skipped: { path: string; reason: string }[] = [];
  let [added, present] = [0, 0];
  for (const { path, relativePath, size } of files) {
    if (size > of.maxBytes) {
      skipped.push({ path, reason: `it has ${size} bytes, more than ${of.maxBytes}` });
      continue;
    }
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (error) {
      skipped.push({ path, reason: reasonOf(error) });
      continue;
    }
    const hash = sha256(bytes);
    if (states.get(relativePath)?.sha256 === hash) {
      present++;
      continue;
    }
    added++;
    if (of.dryRun) continue;
    const entries = entriesOf(relativePath, bytes, hash, of);
    const redacted = of.redaction ? entries.map((entry) => of.redaction?.entry(entry) ?? entry) : entries;
    const { places } = await writer.append(redacted, of.at);
    for (const [i, { id }] of entries.entries())
      of.redaction?.placed(id, places[i]?.added ? places[i].seq : null);
    const runs: Run[] = [];
    for (const place of places) if (place) addToRuns(runs, place.seq);
    states.set(relativePath, { path: relativePath, sha256: hash, runs });
  }
  return { states: [...states.values()], report: { added, present, skipped } };
}

/** What a file beside a transcript says of its session. */
export interface AboutFile {
  readonly record: JsonObject;
  readonly path: string;
  readonly hash: string;
}

/** What files beside a transcript say of its session; what cannot be read says nothing. */
export async function readAbout(files: readonly SideFile[]): Promise<readonly AboutFile[]> {
  const found = [];
  for (const { path, relativePath, size, about } of files) {
    if (!about || size > MAX_ABOUT_BYTES) continue;
    const bytes = await readFile(path).catch(() => null);
    const record = bytes && parseRecord(decodeUtf8(bytes) ?? "");
    if (bytes && record) found.push({ record, path: relativePath, hash: sha256(bytes) });
  }
  return found;
}

const MAX_ABOUT_BYTES = 1024 * 1024;

function entriesOf(
  path: string,
  bytes: Buffer,
  hash: string,
  { agent, session, at }: SideFilesOf,
): SessionEntry[] {
  return [...piecesOf(bytes)].map((piece, number) => {
    const text = decodeUtf8(piece);
    const file = { path, sha256: hash, size: bytes.length, piece: number };
    return {
      id: derivedEntryId(agent, session, "file", path, hash, String(number)),
      timestamp: at,
      entryType: { type: "system_event", event: "import:file" },
      content: {
        source: { agent, session },
        file,
        ...(text === null ? { base64: Buffer.from(piece).toString("base64") } : { text }),
      },
    };
  });
}

import { readFile } from "node:fs/promises";
import type { SessionEntry, Timestamp } from "@thulp-sessions/core";
import { reasonOf } from "../files/read-chunks.ts";
import type { SideFile } from "../files/transcript-file.ts";
import { decodeUtf8 } from "../lines/line-value.ts";
import { piecesOf } from "../lines/pieces.ts";
import { derivedEntryId, sha256 } from "../model/derived-ids.ts";
import { addToRuns, type Run, type SideFileState } from "../model/file-state.ts";
import type { SideFilesReport } from "./report.ts";
import type { SessionWriter } from "./session-writer.ts";

/** Whose they are, and how much of them is taken. */
export interface SideFilesOf {
  readonly agent: string;
  readonly session: string;
  readonly maxBytes: number;
  readonly at: Timestamp;
  readonly dryRun: boolean;
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
    const { places } = await writer.append(entriesOf(relativePath, bytes, hash, of), of.at);
    const runs: Run[] = [];
    for (const place of places) if (place) addToRuns(runs, place.seq);
    states.set(relativePath, { path: relativePath, sha256: hash, runs });
  }
  return { states: [...states.values()], report: { added, present, skipped } };
}

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

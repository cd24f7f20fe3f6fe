import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { AgentReader } from "../src/index.ts";

// Other people's histories; they are read where they lie and are no part of this repository.
export const SAMPLES = "/work/shared/transcripts";

/**
 * The transcripts below a folder of the samples, relative to it; none where it is not there. Not what lies
 * beside one, and not one of many files: those are in database-samples.test.ts.
 */
export function sampleTranscripts(folder: string, reader: AgentReader): readonly string[] {
  const root = join(SAMPLES, folder);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = name.replaceAll("\\", "/");
    return /\.jsonl?$/.test(path) && reader.recognize(path)?.type === "transcript";
  });
}

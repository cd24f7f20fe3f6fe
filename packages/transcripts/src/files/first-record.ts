import type { JsonObject } from "@thulp-sessions/core";
import { decodeUtf8, parseRecord } from "../lines/line-value.ts";
import { readChunks } from "./read-chunks.ts";

/** The record in the first line of a file; `null` where it has none, or a longer one than a header is. */
export async function readFirstRecord(path: string): Promise<JsonObject | null> {
  for await (const chunk of readChunks(path)) {
    const end = chunk.indexOf(0x0a);
    const text = decodeUtf8(end < 0 ? chunk : chunk.subarray(0, end));
    return text === null ? null : parseRecord(text.replace(/^\ufeff/, ""));
  }
  return null;
}

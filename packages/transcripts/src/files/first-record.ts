import type { JsonObject } from "@thulp-sessions/core";
import { DocumentSplitter } from "../lines/document-splitter.ts";
import { decodeUtf8, parseRecord } from "../lines/line-value.ts";
import { readChunks } from "./read-chunks.ts";

/**
 * The record in the first line of a file; `null` where it has none, or a longer one than a header is.
 *
 * @param keys of a file that is one JSON text: under which its list may stand. What comes before the list is
 *   the first record then.
 */
export async function readFirstRecord(
  path: string,
  keys: readonly string[] | null,
): Promise<JsonObject | null> {
  if (keys) return readHead(path, keys);
  for await (const chunk of readChunks(path)) {
    const end = chunk.indexOf(0x0a);
    const text = decodeUtf8(end < 0 ? chunk : chunk.subarray(0, end));
    return text === null ? null : parseRecord(text.replace(/^\ufeff/, ""));
  }
  return null;
}

async function readHead(path: string, keys: readonly string[]): Promise<JsonObject | null> {
  const splitter = new DocumentSplitter(keys);
  for await (const chunk of readChunks(path))
    for (const part of splitter.push(chunk))
      return part.type === "head" ? parseRecord(`${part.text.replace(/^\ufeff/, "")}]}`) : null;
  return null;
}

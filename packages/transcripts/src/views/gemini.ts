import type { EntryType, JsonObject } from "@thulp-sessions/core";
import type { EntryFacts, EntryView, ModelRequest, SeenEntry, ViewPart } from "@thulp-sessions/core/view";
import { resultParts } from "@thulp-sessions/core/view";
import { idOf, listOf, objectOf, objectsOf, textOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles } from "./changed-files.ts";
import { geminiParts, responseParts } from "./gemini-parts.ts";
import { countOf, outputWith, sourceOf, stateKey, textParts, tokensOf } from "./view-records.ts";

/** A call in another state has no result yet. */
const ENDED: readonly string[] = ["success", "error", "cancelled"];

/** Sessions of Gemini CLI. */
export const view: EntryView = agentView({
  agents: ["gemini"],
  shown: ["info", "warning", "error", "$rewindTo"],
  record: (record) => (record["type"] === undefined ? null : messageParts(record)),
  // A message is written again with each change of it; its text does not change, but calls get their results.
  isAside: (record, { entryType }) => {
    if (entryType.type !== "system_event" || entryType.event !== "gemini:update") return undefined;
    return !objectsOf(record["toolCalls"]).some(hasEnded);
  },
  reader: () => new GeminiReader(),
});

function messageParts(record: JsonObject): readonly ViewPart[] {
  const { content } = record;
  return [
    ...objectsOf(record["thoughts"]).flatMap(({ subject, description }) =>
      textParts("thinking", [subject, description].filter((text) => typeof text === "string").join(": ")),
    ),
    ...(content === "" || content === undefined ? [] : geminiParts(content)),
    ...objectsOf(record["toolCalls"]).flatMap(callParts),
  ];
}

function callParts(call: JsonObject): readonly ViewPart[] {
  const name = idOf(call["name"]) ?? "unknown";
  return [{ type: "call", name, input: call["args"] ?? null }, ...(hasEnded(call) ? outcomeParts(call) : [])];
}

function outcomeParts({ result, resultDisplay }: JsonObject): readonly ViewPart[] {
  const parts = listOf(result).flatMap((each) => {
    const response = objectOf(objectOf(each)?.["functionResponse"]);
    return response ? responseParts(response) : geminiParts([each]);
  });
  if (parts.length > 0) return parts;
  return typeof resultDisplay === "string" ? resultParts("result", resultDisplay) : [];
}

function hasEnded({ status }: JsonObject): boolean {
  return ENDED.includes(textOf(status) ?? "");
}

/**
 * A document is written again as a whole when a message changes: then the message has another entry, and so
 * has each of its calls.
 */
class GeminiReader implements RecordReader {
  /** The calls that have ended so far, with how. */
  readonly #ended = new Set<string>();
  /** Of the last message: the calls of the entries behind its own, in their order. */
  #calls: { readonly recordId: string; readonly keys: readonly string[] } | undefined;

  other({ content }: SeenEntry): EntryFacts {
    const source = sourceOf(content);
    const part = source?.["part"];
    const isOfLast = this.#calls !== undefined && idOf(source?.["recordId"]) === this.#calls.recordId;
    return { key: isOfLast && typeof part === "number" ? this.#calls?.keys[part - 1] : undefined };
  }

  read(record: JsonObject, { entryType, content, timestamp }: SeenEntry): EntryFacts {
    const calls = objectsOf(record["toolCalls"]);
    const recordId = idOf(record["id"]);
    if (recordId !== undefined)
      this.#calls = { recordId, keys: this.#newlyEnded(calls, recordId, entryType) };
    const files = calls
      .filter(({ status }) => status === "success")
      .flatMap((call) => changedFiles(idOf(call["name"]), call["args"] ?? null));
    const request = requestOf(record, timestamp);
    return { key: stateKey(content), files, requests: request ? [request] : [] };
  }

  /** As the import makes entries of them: a message that a line has again, of those that have ended since. */
  #newlyEnded(calls: readonly JsonObject[], recordId: string, { type }: EntryType): readonly string[] {
    const keys: string[] = [];
    for (const [i, call] of calls.entries()) {
      if (!hasEnded(call)) continue;
      const key = `gemini ${idOf(call["id"]) ?? `${recordId} ${i}`}`;
      const state = `${key} ${textOf(call["status"])}`;
      if (type !== "system_event" || !this.#ended.has(state)) keys.push(key);
      this.#ended.add(state);
    }
    return keys;
  }
}

/** What comes from a cache is among the input. The last state of a message counts. */
function requestOf(record: JsonObject, time: number): ModelRequest | undefined {
  const tokens = objectOf(record["tokens"]);
  if (!tokens) return undefined;
  const id = idOf(record["id"]);
  const cacheRead = countOf(tokens["cached"]);
  const prompt = countOf(tokens["input"]) + countOf(tokens["tool"]);
  const reasoning = countOf(tokens["thoughts"]);
  return {
    key: id === undefined ? undefined : `gemini ${id}`,
    model: idOf(record["model"]) ?? null,
    tokens: tokensOf({
      input: Math.max(0, prompt - cacheRead),
      output: outputWith(countOf(tokens["output"]), reasoning, prompt, countOf(tokens["total"])),
      cacheRead,
      reasoning,
    }),
    time,
  };
}

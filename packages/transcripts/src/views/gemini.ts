import type { JsonObject } from "@thulp-sessions/core";
import type { EntryFacts, EntryView, ModelRequest, SeenEntry, ViewPart } from "@thulp-sessions/core/view";
import { resultParts } from "@thulp-sessions/core/view";
import { idOf, listOf, objectOf, objectsOf, textOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles } from "./changed-files.ts";
import { geminiParts, responseParts } from "./gemini-parts.ts";
import { countOf, outputWith, textParts, tokensOf } from "./view-records.ts";

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
  reader: () => ({ read: readRecord }) satisfies RecordReader,
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

function readRecord(record: JsonObject, { timestamp }: SeenEntry): EntryFacts {
  const files = objectsOf(record["toolCalls"])
    .filter(({ status }) => status === "success")
    .flatMap((call) => changedFiles(idOf(call["name"]), call["args"] ?? null));
  const request = requestOf(record, timestamp);
  return { files, requests: request ? [request] : [] };
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

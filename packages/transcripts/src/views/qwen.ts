import type { JsonObject } from "@thulp-sessions/core";
import type { EntryFacts, EntryView, ModelRequest, SeenEntry } from "@thulp-sessions/core/view";
import { idOf, objectOf, objectsOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles, OpenCalls } from "./changed-files.ts";
import { geminiParts } from "./gemini-parts.ts";
import { countOf, outputWith, stateKey, tokensOf } from "./view-records.ts";

/** Sessions of Qwen Code. */
export const view: EntryView = agentView({
  agents: ["qwen"],
  shown: ["system/rewind"],
  record: (record) => {
    const parts = objectOf(record["message"])?.["parts"];
    return Array.isArray(parts) ? geminiParts(parts) : null;
  },
  reader: () => new QwenReader(),
});

class QwenReader implements RecordReader {
  readonly #open = new OpenCalls();

  other({ content }: SeenEntry): EntryFacts {
    return { key: stateKey(content) };
  }

  read(record: JsonObject, { content, timestamp }: SeenEntry): EntryFacts {
    const files = objectsOf(objectOf(record["message"])?.["parts"]).flatMap((part) => {
      const call = objectOf(part["functionCall"]);
      if (call) this.#open.add(call["id"], changedFiles(idOf(call["name"]), call["args"] ?? null));
      const response = objectOf(part["functionResponse"]);
      const failed = objectOf(response?.["response"])?.["error"] !== undefined;
      return response ? this.#open.end(response["id"], !failed) : [];
    });
    const request = requestOf(record, timestamp);
    return { key: stateKey(content), files, requests: request ? [request] : [] };
  }
}

/** What comes from a cache is among the prompt. Telemetry says the same again, and is not counted. */
function requestOf(record: JsonObject, time: number): ModelRequest | undefined {
  const usage = objectOf(record["usageMetadata"]);
  if (!usage || record["type"] !== "assistant") return undefined;
  const id = idOf(record["uuid"]);
  const prompt = countOf(usage["promptTokenCount"]);
  const cacheRead = countOf(usage["cachedContentTokenCount"]);
  const reasoning = countOf(usage["thoughtsTokenCount"]);
  const written = countOf(usage["candidatesTokenCount"]);
  return {
    key: id === undefined ? undefined : `qwen ${id}`,
    model: idOf(record["model"]) ?? null,
    tokens: tokensOf({
      input: Math.max(0, prompt - cacheRead),
      output: outputWith(written, reasoning, prompt, countOf(usage["totalTokenCount"])),
      cacheRead,
      reasoning,
    }),
    time,
  };
}

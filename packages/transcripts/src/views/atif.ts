import type { JsonObject } from "@thulp-sessions/core";
import {
  blocksParts,
  type EntryFacts,
  type EntryView,
  type ModelRequest,
  resultParts,
  type SeenEntry,
  type ViewPart,
} from "@thulp-sessions/core/view";
import { idOf, objectOf, objectsOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles } from "./changed-files.ts";
import { countOf, dollarsOf, stateKey, textParts, tokensOf } from "./view-records.ts";

/** Trajectories in Harbor's format. */
export const view: EntryView = agentView({
  agents: ["atif"],
  record: (record) => (record["source"] === undefined ? null : stepParts(record)),
  reader: () => new AtifReader(),
});

function stepParts(step: JsonObject): readonly ViewPart[] {
  const { message } = step;
  return [
    ...textParts("thinking", step["reasoning_content"]),
    ...(message === "" || message === undefined ? [] : blocksParts(message)),
    ...objectsOf(step["tool_calls"]).map((call): ViewPart => {
      const name = idOf(call["function_name"]) ?? "unknown";
      return { type: "call", name, input: call["arguments"] ?? null };
    }),
    ...objectsOf(objectOf(step["observation"])?.["results"]).flatMap(({ content }) =>
      content === undefined || content === null ? [] : resultParts("result", content),
    ),
  ];
}

class AtifReader implements RecordReader {
  other({ content }: SeenEntry): EntryFacts {
    return { key: stateKey(content) };
  }

  read(step: JsonObject, { content, timestamp }: SeenEntry): EntryFacts {
    const key = stateKey(content);
    if (step["is_copied_context"] === true) return { copied: true, key };
    const files = objectsOf(step["tool_calls"]).flatMap((call) =>
      changedFiles(idOf(call["function_name"]), call["arguments"] ?? null),
    );
    const request = requestOf(step, key, timestamp);
    return { key, files, requests: request ? [request] : [] };
  }
}

/** What comes from a cache is among the prompt. */
function requestOf(step: JsonObject, key: string | undefined, time: number): ModelRequest | undefined {
  const metrics = objectOf(step["metrics"]);
  if (!metrics) return undefined;
  const cacheRead = countOf(metrics["cached_tokens"]);
  const tokens = tokensOf({
    input: Math.max(0, countOf(metrics["prompt_tokens"]) - cacheRead),
    output: countOf(metrics["completion_tokens"]),
    cacheRead,
  });
  // Steps are numbered from 1 in every trajectory.
  const own = key === undefined ? undefined : `atif ${time} ${key} ${tokens.input} ${tokens.output}`;
  const cost = dollarsOf(metrics["cost_usd"]);
  return { key: own, model: idOf(step["model_name"]) ?? null, tokens, cost, time };
}

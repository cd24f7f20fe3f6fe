import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import {
  blocksParts,
  type EntryFacts,
  type EntryView,
  type ModelRequest,
  resultParts,
  type SeenEntry,
  type ViewPart,
} from "@thulp-sessions/core/view";
import { idOf, listOf, objectOf, objectsOf, textOf, timeOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles, OpenCalls } from "./changed-files.ts";
import { argumentsOf, countOf, dollarsOf, NO_FACTS, stateKey, tokensOf } from "./view-records.ts";

/** Sessions of Cline, and tasks of Roo Code. */
export const view: EntryView = agentView({
  agents: ["cline", "roo"],
  record: (record) => {
    const { role, content } = record;
    return role === undefined || content === undefined ? null : messageParts(content);
  },
  reader: () => new ClineReader(),
});

function messageParts(content: JsonValue): readonly ViewPart[] {
  if (!Array.isArray(content)) return blocksParts(content);
  return listOf(content).flatMap((block) => {
    const result = objectOf(block);
    return result?.["type"] === "tool_result"
      ? resultParts("result", result["content"] ?? null)
      : blocksParts([block]);
  });
}

/** What was shown of a task; it says what each request has cost. */
const SHOWN_FILE = /(?:^|\/)(?:ui_messages|claude_messages)\.json$/;

class ClineReader implements RecordReader {
  readonly #open = new OpenCalls();

  read(record: JsonObject, { content }: SeenEntry): EntryFacts {
    const files = objectsOf(record["content"]).flatMap((block) => {
      if (block["type"] === "tool_use")
        this.#open.add(block["id"], changedFiles(idOf(block["name"]), block["input"] ?? null));
      return block["type"] === "tool_result"
        ? this.#open.end(block["tool_use_id"], block["is_error"] !== true)
        : [];
    });
    return { key: stateKey(content), files };
  }

  other({ content }: SeenEntry): EntryFacts {
    const path = textOf(objectOf(objectOf(content)?.["file"])?.["path"]);
    const text = textOf(objectOf(content)?.["text"]);
    if (path === undefined || text === undefined || !SHOWN_FILE.test(path)) {
      const key = stateKey(content);
      return key === undefined ? NO_FACTS : { key };
    }
    // Of a file that was kept in several pieces nothing can be said.
    const shown = objectsOf(argumentsOf(text));
    return { requests: shown.flatMap(requestIn) };
  }
}

/** Each state of the file has all requests so far: the last of each counts. */
function requestIn(shown: JsonObject): readonly ModelRequest[] {
  if (shown["say"] !== "api_req_started") return [];
  const said = objectOf(argumentsOf(shown["text"]));
  const time = timeOf(shown["ts"]);
  if (!said || time === undefined) return [];
  const tokens = tokensOf({
    input: countOf(said["tokensIn"]),
    output: countOf(said["tokensOut"]),
    cacheRead: countOf(said["cacheReads"]),
    cacheWrite: countOf(said["cacheWrites"]),
  });
  if (tokens.input + tokens.output + tokens.cacheRead + tokens.cacheWrite === 0) return [];
  const model = idOf(objectOf(shown["modelInfo"])?.["modelId"]) ?? null;
  return [{ key: `cline ${time}`, model, tokens, cost: dollarsOf(said["cost"]) || undefined, time }];
}

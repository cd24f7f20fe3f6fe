import type { JsonObject } from "@thulp-sessions/core";
import { blocksParts, type EntryView } from "@thulp-sessions/core/view";
import { idOf, objectOf, objectsOf, textOf } from "../model/fields.ts";
import { agentView } from "./agent-view.ts";
import { changedFiles } from "./changed-files.ts";

/** Transcripts of Cursor's agents; they tell neither tokens nor how a call ended. */
export const view: EntryView = agentView({
  agents: ["cursor"],
  record: (record) => {
    const content = objectOf(record["message"])?.["content"];
    return record["role"] === undefined || content === undefined ? null : blocksParts(content);
  },
  reader: () => ({ read: (record) => ({ files: filesIn(record) }) }),
});

function filesIn(record: JsonObject): readonly string[] {
  const blocks = objectsOf(objectOf(record["message"])?.["content"]);
  return blocks.flatMap((block) =>
    /tool_use$/.test(textOf(block["type"]) ?? "")
      ? changedFiles(idOf(block["name"]), block["input"] ?? null)
      : [],
  );
}

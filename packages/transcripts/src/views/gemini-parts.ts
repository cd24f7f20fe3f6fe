import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import { blocksParts, resultParts, type ViewPart } from "@thulp-sessions/core/view";
import { idOf, listOf, objectOf, textOf } from "../model/fields.ts";
import { notice } from "./view-records.ts";

/** A text, or the parts of Gemini's API: texts, thoughts, calls, their results, bytes. */
export function geminiParts(content: JsonValue | undefined): readonly ViewPart[] {
  if (!Array.isArray(content)) return blocksParts(content);
  return listOf(content).flatMap(geminiPart);
}

function geminiPart(part: JsonValue): readonly ViewPart[] {
  const { text, thought, functionCall, functionResponse, inlineData } = objectOf(part) ?? {};
  if (typeof text === "string")
    return text === "" ? [] : [{ type: thought === true ? "thinking" : "text", text }];
  const call = objectOf(functionCall);
  if (call) return [{ type: "call", name: idOf(call["name"]) ?? "unknown", input: call["args"] ?? null }];
  const response = objectOf(functionResponse);
  if (response) return responseParts(response);
  const bytes = objectOf(inlineData);
  if (bytes) return [notice(textOf(bytes["mimeType"]) ?? "bytes")];
  return blocksParts([part]);
}

/** What a call answered. */
export function responseParts(response: JsonObject): readonly ViewPart[] {
  const answer = objectOf(response["response"]);
  if (!answer) return resultParts("result", response["response"] ?? null);
  return Object.entries(answer).flatMap(([key, value]) =>
    resultParts(key === "output" ? "result" : key, value),
  );
}

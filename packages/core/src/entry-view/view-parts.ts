import type { JsonObject, JsonValue } from "../model/json.ts";
import type { EntryType } from "../model/model.ts";
import { groupDigits } from "../text/group-digits.ts";
import { messageText } from "../text/message-text.ts";

/** What a person sees of a content, piece by piece. */
export type ViewPart =
  /** Written for people: Markdown. */
  | { readonly type: "text"; readonly text: string }
  /** What the model thought, which is longer than it is telling. */
  | { readonly type: "thinking"; readonly text: string }
  /** A call within a message. */
  | { readonly type: "call"; readonly name: string; readonly input: JsonValue }
  /** Output of a program: as it is. */
  | { readonly type: "output"; readonly label: string; readonly text: string }
  /** A few words about what is no text: a picture, a change of the model. */
  | { readonly type: "notice"; readonly text: string }
  | { readonly type: "json"; readonly label: string; readonly value: JsonValue };

/** Records of agents hold the message in one of these, beside ids and figures of their own. */
const ENVELOPES = ["message", "payload", "data"] as const;
const INPUTS = ["input", "args", "arguments", "parameters"] as const;
const OUTPUTS = ["output", "result", "stdout", "stderr", "error"] as const;

/**
 * The pieces of any content in the order in which they are read. Nothing is left out but what surrounds a
 * message in the record of an agent, and the bytes of pictures: the stored JSON is one key away. What an
 * import has stored (`{source, record}`) is taken for the record in it.
 */
export function defaultParts(content: JsonValue, { type }: EntryType): readonly ViewPart[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  const said = messageText(content);
  if (said !== null) return [{ type: "text", text: said }];
  if (!isObject(content)) return [{ type: "json", label: "", value: content }];
  const imported = importedParts(content, type);
  if (imported) return imported;
  if (type === "tool_call" || type === "skill_execution") return callParts(content);
  return messageParts(content) ?? [{ type: "json", label: "", value: content }];
}

/** Was the content stored by an import: a record, or a line or a file as it was? */
export function isImported(content: JsonValue): boolean {
  if (!isObject(content)) return false;
  const { source } = content;
  return isObject(source) && typeof source["agent"] === "string";
}

/** The record that an import has stored in a content; `null` where the content holds none. */
export function importedRecord(content: JsonValue): JsonObject | null {
  if (!isImported(content)) return null;
  const { record } = content as JsonObject;
  return isObject(record) ? record : null;
}

function importedParts(content: JsonObject, type: EntryType["type"]): readonly ViewPart[] | null {
  const record = importedRecord(content);
  if (record) return defaultParts(record, { type } as EntryType);
  const { text, base64, file } = content;
  if (!isImported(content)) return null;
  // A line that is no record, or a piece of a long one, and a file beside the transcript.
  const path = isObject(file) ? file["path"] : undefined;
  const parts: ViewPart[] = typeof path === "string" ? [{ type: "notice", text: `file ${path}` }] : [];
  if (typeof text === "string") return [...parts, { type: "output", label: "", text }];
  if (typeof base64 === "string") return [...parts, { type: "notice", text: bytesText(base64) }];
  return null;
}

function messageParts(content: JsonObject): readonly ViewPart[] | null {
  for (const key of ENVELOPES) {
    const inner = content[key];
    if (isObject(inner)) {
      const parts = messageParts(inner);
      if (parts) return parts;
    } else if (key === "message" && typeof inner === "string") return textAndRest(content, "message", inner);
  }
  const { text, content: inner } = content;
  if (typeof text === "string") return textAndRest(content, "text", text);
  if (typeof inner === "string") return textAndRest(content, "content", inner);
  return Array.isArray(inner) && inner.length > 0 ? blocksParts(inner) : null;
}

/** What messages have beside their text that says nothing more. */
const SAYS_NOTHING = new Set(["role", "type", "id"]);

function textAndRest(content: JsonObject, key: string, text: string): readonly ViewPart[] {
  const rest = Object.entries(content).filter(([name]) => name !== key && !SAYS_NOTHING.has(name));
  const shown: ViewPart = { type: "text", text };
  return rest.length === 0
    ? [shown]
    : [shown, { type: "json", label: "beside it", value: Object.fromEntries(rest) }];
}

/** A text, or a list of blocks as the APIs of models have them; anything else as JSON. */
export function blocksParts(content: JsonValue | undefined): readonly ViewPart[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (Array.isArray(content)) return (content as readonly JsonValue[]).flatMap(blockParts);
  return content === undefined || content === null ? [] : [{ type: "json", label: "", value: content }];
}

function blockParts(block: JsonValue): readonly ViewPart[] {
  if (typeof block === "string") return [{ type: "text", text: block }];
  if (!isObject(block)) return [{ type: "json", label: "", value: block }];
  const { type, text, thinking, name, content } = block;
  if (type === "redacted_thinking" || (typeof thinking === "string" && thinking.trim() === ""))
    return [{ type: "notice", text: "thoughts that only the model can read" }];
  if (typeof thinking === "string") return [{ type: "thinking", text: thinking }];
  if (typeof text === "string")
    return [
      type === "reasoning" || type === "thinking" ? { type: "thinking", text } : { type: "text", text },
    ];
  if (typeof name === "string" && typeof type === "string" && /tool|call/i.test(type)) {
    return [{ type: "call", name, input: block["input"] ?? block["arguments"] ?? null }];
  }
  if (type === "tool_result" && content !== undefined) return resultParts("result", content);
  const picture = pictureText(block);
  if (picture !== null) return [{ type: "notice", text: picture }];
  return [{ type: "json", label: typeof type === "string" ? type : "", value: block }];
}

/** The forms in which the APIs of models carry bytes. */
function pictureText(block: JsonObject): string | null {
  const { type, source, image_url, data, mimeType } = block;
  if (type === "image" && isObject(source) && typeof source["data"] === "string")
    return bytesText(source["data"], source["media_type"]);
  if (type === "image" && typeof data === "string") return bytesText(data, mimeType);
  const url = isObject(image_url) ? image_url["url"] : image_url;
  if ((type === "input_image" || type === "image_url") && typeof url === "string")
    return url.startsWith("data:") ? bytesText(url, /^data:([^;,]*)/.exec(url)?.[1]) : `picture: ${url}`;
  return null;
}

/** What stands for bytes in base64. */
function bytesText(base64: string, mediaType?: JsonValue): string {
  const size = groupDigits(Math.floor((base64.length * 3) / 4));
  return `${typeof mediaType === "string" && mediaType !== "" ? mediaType : "bytes"}, about ${size} bytes`;
}

function callParts(content: JsonObject): readonly ViewPart[] {
  const results = toolResults(content);
  if (results) return results;
  const inputs: ViewPart[] = [];
  const outputs: ViewPart[] = [];
  const rest: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(content)) {
    if (INPUTS.some((each) => each === key)) inputs.push({ type: "json", label: key, value });
    else if (OUTPUTS.some((each) => each === key)) outputs.push(...resultParts(key, value));
    else rest.push([key, value]);
  }
  // Through entries, so that a key named __proto__ is one like any other.
  if (rest.length > 0 || inputs.length + outputs.length === 0)
    inputs.push({ type: "json", label: "", value: Object.fromEntries(rest) });
  return [...inputs, ...outputs];
}

/** Of the records of agents that keep the result of a tool as a message of the user. */
function toolResults(content: JsonObject): readonly ViewPart[] | null {
  const { message } = content;
  const blocks = isObject(message) ? message["content"] : undefined;
  if (!Array.isArray(blocks)) return null;
  const results = (blocks as readonly JsonValue[]).filter(
    (block): block is JsonObject => isObject(block) && block["type"] === "tool_result",
  );
  return results.length === 0
    ? null
    : results.flatMap((block) => resultParts("result", block["content"] ?? null));
}

/** What a tool answered: a text, or blocks; anything else as JSON. */
export function resultParts(label: string, value: JsonValue): readonly ViewPart[] {
  if (typeof value === "string") return [{ type: "output", label, text: value }];
  if (!Array.isArray(value)) return [{ type: "json", label, value }];
  if (value.length === 0) return [{ type: "notice", text: `${label}: nothing` }];
  const blocks = value as readonly JsonValue[];
  const texts = blocks.filter(
    (block): block is JsonObject => isObject(block) && typeof block["text"] === "string",
  );
  const pictures = blocks.flatMap((block) => (isObject(block) ? (pictureText(block) ?? []) : []));
  if (texts.length + pictures.length < blocks.length) return [{ type: "json", label, value }];
  const text = texts.map((block) => block["text"]).join("\n");
  return [
    ...(texts.length > 0 ? [{ type: "output", label, text } as const] : []),
    ...pictures.map((picture) => ({ type: "notice", text: picture }) as const),
  ];
}

const TELLING = [
  "command",
  "cmd",
  "file_path",
  "filePath",
  "path",
  "pattern",
  "query",
  "url",
  "description",
  "message",
  "error",
];
const MOST_VALUES = 200;

/** The field that tells most of what a call was about, for its one line; empty where there is no text. */
export function callTitle(content: JsonValue): string {
  if (typeof content === "string") return content;
  if (!isObject(content)) return "";
  const inputs = INPUTS.map((key) => content[key]).filter(isObject);
  for (const key of TELLING) {
    for (const object of [...inputs, content]) {
      const value = object[key];
      if (typeof value === "string" && value.trim() !== "") return value;
    }
  }
  return firstString([...inputs, content], { values: MOST_VALUES }) ?? "";
}

function firstString(value: JsonValue, left: { values: number }): string | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (typeof value !== "object" || value === null) return undefined;
  for (const each of Object.values(value)) {
    if (left.values-- <= 0) return undefined;
    const found = firstString(each as JsonValue, left);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

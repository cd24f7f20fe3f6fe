import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import {
  blocksParts,
  type EntryFacts,
  type EntryView,
  type ModelRequest,
  resultParts,
  type SeenEntry,
  type TokenCounts,
  type ViewPart,
} from "@thulp-sessions/core/view";
import { type CodexRecord, codexRecord } from "../agents/codex-record.ts";
import { idOf, objectOf, objectsOf, textOf } from "../model/fields.ts";
import { agentView, type RecordReader } from "./agent-view.ts";
import { changedFiles, OpenCalls, patchedFiles } from "./changed-files.ts";
import { CodexCopies } from "./codex-copies.ts";
import { CodexTokens } from "./codex-tokens.ts";
import { argumentsOf, notice, sourceOf, succeeded, textParts } from "./view-records.ts";

/** Sessions of Codex, in all three dialects. */
export const view: EntryView = agentView({
  agents: ["codex"],
  // What no item of the model says: messages and commands stand twice in most files, as items and as events.
  shown: [
    "event_msg/error",
    "event_msg/turn_aborted",
    "event_msg/thread_rolled_back",
    "event_msg/entered_review_mode",
    "event_msg/exited_review_mode",
    "event_msg/item_completed/Plan",
  ],
  record: (record) => {
    const { type, itemType, payload } = codexRecord(record);
    if (type === "compacted") return textParts("text", payload["message"]);
    if (type === "event_msg") return eventParts(itemType, payload);
    // The files of 2025 have the items as their records: what the view of any content shows is as good.
    return type === "response_item" && payload !== record ? itemParts(itemType ?? "message", payload) : null;
  },
  isAside: (record) => (isHidden(codexRecord(record)) ? true : undefined),
  reader: () => new CodexReader(),
});

/** What the model thought, of which only it can read what it was. */
function isHidden({ itemType, payload }: CodexRecord): boolean {
  return itemType === "reasoning" && thoughts(payload).length === 0;
}

function itemParts(itemType: string, payload: JsonObject): readonly ViewPart[] | null {
  if (itemType === "message" || itemType === "agent_message") {
    return payload["content"] === undefined ? null : blocksParts(payload["content"]);
  }
  if (itemType === "reasoning") {
    const parts = thoughts(payload);
    return parts.length > 0 ? parts : [notice("thoughts that only the model can read")];
  }
  if (itemType.endsWith("_output")) {
    const output = payload["output"] ?? payload["tools"];
    return output === undefined ? null : outputParts(output);
  }
  if (itemType.endsWith("_call")) {
    const name = idOf(payload["name"]) ?? itemType.replace(/_call$/, "");
    const space = idOf(payload["namespace"]);
    return [{ type: "call", name: space ? `${space}.${name}` : name, input: inputOf(payload) }];
  }
  return null;
}

/** The arguments stand under another name for each kind of call. */
function inputOf(payload: JsonObject): JsonValue {
  const { arguments: text, input, action } = payload;
  if (text !== undefined) return argumentsOf(text);
  if (input !== undefined || action !== undefined) return input ?? action ?? null;
  const { type: _, id: __, call_id: ___, status: ____, ...rest } = payload;
  return typeof rest["result"] === "string"
    ? { ...rest, result: `${rest["result"].length} characters` }
    : rest;
}

function thoughts(payload: JsonObject): ViewPart[] {
  return ["summary", "content"].flatMap((key) =>
    objectsOf(payload[key]).flatMap((block) => textParts("thinking", block["text"])),
  );
}

/** Before 0.50 the output of a command was the text of a JSON, with its exit code. */
function outputParts(output: JsonValue): readonly ViewPart[] {
  const said = typeof output === "string" ? argumentsOf(output) : output;
  const text = textOf(objectOf(said)?.["output"]) ?? textOf(objectOf(said)?.["content"]);
  if (text === undefined) return resultParts("result", output);
  const { output: _, content: __, ...rest } = objectOf(said) ?? {};
  const json: ViewPart[] =
    Object.keys(rest).length > 0 ? [{ type: "json", label: "beside it", value: rest }] : [];
  return [{ type: "output", label: "result", text }, ...json];
}

function eventParts(itemType: string | undefined, payload: JsonObject): readonly ViewPart[] | null {
  const item = itemType === "item_completed" ? objectOf(payload["item"]) : undefined;
  if (item) {
    if (typeof item["text"] === "string") return textParts("text", item["text"]);
    return item["content"] === undefined ? null : blocksParts(item["content"]);
  }
  return itemType === "turn_aborted"
    ? [notice(`the turn was ended: ${textOf(payload["reason"]) ?? "aborted"}`)]
    : null;
}

class CodexReader implements RecordReader {
  readonly #open = new OpenCalls();
  readonly #copies = new CodexCopies();
  readonly #tokens = new CodexTokens();
  /** Calls whose files an event has told, with their absolute paths, before their output came. */
  readonly #told = new Set<string>();
  #model: string | null = null;

  read(given: JsonObject, entry: SeenEntry): EntryFacts {
    const record = codexRecord(given);
    const { type, itemType, payload } = record;
    const copied = this.#copies.isCopied(record, entry.timestamp);
    // Of a thread that went on in another file, this is only the later one; a fork may only point at what
    // it comes from.
    const isSegment = textOf(sourceOf(entry.content)?.["session"])?.includes("/") === true;
    if (type === "session_meta" && (isSegment || objectOf(payload["history_base"]))) this.#tokens.goOn();
    if (type === "turn_context") this.#model = idOf(payload["model"]) ?? this.#model;
    const files = this.#files(entry, record);
    if (itemType === "token_count" && type === "event_msg") {
      const tokens = this.#tokens.since(objectOf(payload["info"]));
      return copied ? COPIED : { requests: this.#requests(tokens, entry.timestamp) };
    }
    if (copied) return COPIED;
    if (type === "token_usage_record") {
      const { usage, thread_token_usage: thread } = payload;
      const tokens = this.#tokens.request(objectOf(usage), objectOf(thread));
      const id = idOf(payload["response_id"]);
      return { requests: this.#requests(tokens, entry.timestamp, id && `codex ${id}`) };
    }
    return { files };
  }

  #requests(tokens: TokenCounts | null, time: number, key?: string): readonly ModelRequest[] {
    return tokens ? [{ key, model: this.#model, tokens, time }] : [];
  }

  #files(entry: SeenEntry, { type, itemType = "", payload }: CodexRecord): readonly string[] {
    const id = payload["call_id"];
    if (type === "response_item" && itemType.endsWith("_call")) {
      const input = inputOf(payload);
      const named = changedFiles(idOf(payload["name"]), input);
      // A patch may also be given to a shell.
      this.#open.add(id, named.length > 0 ? named : patchedFiles(textOf(payload["arguments"]) ?? input));
      return [];
    }
    if (type === "response_item" && itemType.endsWith("_output")) {
      const files = this.#open.end(id, succeeded(entry));
      return this.#told.has(idOf(id) ?? "") ? [] : files;
    }
    const item = itemType === "item_completed" ? objectOf(payload["item"]) : undefined;
    const isPatch = itemType === "patch_apply_end" || item?.["type"] === "FileChange";
    const done = item ?? payload;
    const hasFailed =
      done["success"] === false || (item && /fail|declin/i.test(textOf(item["status"]) ?? ""));
    if (type !== "event_msg" || !isPatch || hasFailed) return [];
    const callId = idOf(done["call_id"]) ?? idOf(done["id"]);
    if (callId !== undefined) this.#told.add(callId);
    return Object.keys(objectOf(done["changes"]) ?? {});
  }
}

const COPIED: EntryFacts = { copied: true };

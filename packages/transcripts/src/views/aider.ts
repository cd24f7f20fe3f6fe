import type { JsonValue } from "@thulp-sessions/core";
import {
  type EntryFacts,
  type EntryReader,
  type EntryView,
  NO_TOKENS,
  type SeenEntry,
  type TokenCounts,
  type ViewPart,
} from "@thulp-sessions/core/view";
import { idOf, objectOf, textOf } from "../model/fields.ts";
import { agentView } from "./agent-view.ts";
import { NO_FACTS, notice, sourceOf } from "./view-records.ts";

const of = agentView({ agents: ["aider"], record: () => null, reader: () => ({ read: () => NO_FACTS }) });

/** Chats of Aider, which are text: without the marks before its lines. */
export const view: EntryView = {
  parts: (entry) => blockParts(entry) ?? of.parts(entry),
  isAside: (entry) => (CHANGED.test(textIn(entry.content) ?? "") ? false : of.isAside(entry)),
  reader: () => new AiderReader(),
};

/** What it did to files is a part of what happened; all else that it says is about itself. */
const CHANGED = /^\s*> (?:Applied edit to (.+?)|Commit [0-9a-f]{7,40} .*)\s*$/;

function textIn(content: JsonValue): string | undefined {
  return sourceOf(content)?.["agent"] === "aider" ? textOf(objectOf(content)?.["text"]) : undefined;
}

function blockParts({ entryType, content }: SeenEntry): readonly ViewPart[] | null {
  const text = textIn(content);
  if (text === undefined) return null;
  const { type } = entryType;
  if (type === "user_message") return [{ type: "text", text: unmarked(text, /^#### ?/gm) }];
  if (type === "assistant_message") return [{ type: "text", text: text.trim() }];
  if (type !== "system_event" || !entryType.event.startsWith("aider:")) return null;
  if (entryType.event === "aider:output") return [notice(unmarked(text, /^> ?/gm))];
  return [{ type: "text", text: unmarked(text, /^\+/gm) }];
}

function unmarked(text: string, mark: RegExp): string {
  return text
    .trim()
    .replaceAll(mark, "")
    .replaceAll(/[ \t\r]+$/gm, "");
}

const TOKENS = /^\s*> Tokens: (.*)/;
const COST = /(?:^|\s)Cost: \$([\d.]+) message/;
const MODEL = /^\s*> (?:Main model|Model): (\S+)/;

class AiderReader implements EntryReader {
  #model: string | null = null;
  #requests = 0;
  #tokens: TokenCounts = NO_TOKENS;

  read({ content, timestamp: time }: SeenEntry): EntryFacts {
    const text = textIn(content);
    if (text === undefined) return NO_FACTS;
    this.#model = idOf(MODEL.exec(text)?.[1]) ?? this.#model;
    const file = CHANGED.exec(text)?.[1];
    if (file !== undefined) return { files: [file] };
    const [, counts] = TOKENS.exec(text) ?? [];
    // Where it tells of a cache, the costs stand in the line behind it.
    const [, dollars] = COST.exec(text) ?? [];
    const isOutput = counts !== undefined || (dollars !== undefined && /^\s*Cost:/.test(text));
    if (!isOutput) return NO_FACTS;
    if (counts !== undefined) {
      this.#requests++;
      this.#tokens = tokensIn(counts);
    }
    const cost = dollars === undefined ? undefined : Number(dollars);
    const key = `aider ${idOf(sourceOf(content)?.["session"]) ?? ""} ${this.#requests}`;
    const known = cost === undefined || !Number.isFinite(cost) ? {} : { cost };
    return { requests: [{ key, model: this.#model, tokens: this.#tokens, ...known, isSum: true, time }] };
  }
}

/** `2.1k sent, 1.2k cache write, 300 cache hit, 410 received`: what is more than a thousand is rounded. */
function tokensIn(text: string): TokenCounts {
  const count = (what: string): number => {
    const [, digits, k] = new RegExp(`([\\d.,]+)(k?) ${what}`).exec(text) ?? [];
    const value = Number(digits?.replaceAll(",", ""));
    return Number.isFinite(value) ? Math.round(value * (k ? 1000 : 1)) : 0;
  };
  const [cacheWrite, cacheRead] = [count("cache write"), count("cache hit")];
  const input = Math.max(0, count("sent") - cacheWrite - cacheRead);
  return { ...NO_TOKENS, input, cacheWrite, cacheRead, output: count("received") };
}

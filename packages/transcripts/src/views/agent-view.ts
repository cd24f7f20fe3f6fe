import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import {
  defaultParts,
  type EntryFacts,
  type EntryReader,
  type EntryView,
  type SeenEntry,
  type ViewPart,
} from "@thulp-sessions/core/view";
import { importedEntry, NO_FACTS, notice, sourceOf } from "./view-records.ts";

/** What an agent's view has to say itself. */
export interface AgentViewParts {
  /** The names of the agent in events, without the `:`. */
  readonly agents: readonly string[];
  /** Events that a person wants to know of, without the name of the agent. */
  readonly shown?: readonly string[];
  /** Of any record; `null` for one that is not in the agent's form. What it leaves out is put behind it. */
  record(record: JsonObject, entry: SeenEntry): readonly ViewPart[] | null;
  /** Of an entry that is an event and not among those that are shown, or no event. */
  isAside?(record: JsonObject, entry: SeenEntry): boolean | undefined;
  /** Reads the records of one session. */
  reader(): RecordReader;
  /** A record that stands in a content as it is, without what an import puts around it. */
  bare?(content: JsonValue): JsonObject | null;
}

export interface RecordReader {
  read(record: JsonObject, entry: SeenEntry): EntryFacts;
  /** Of an entry without a record: a further result, a line that is none, a file beside the transcript. */
  other?(entry: SeenEntry): EntryFacts;
}

/** Kept in sight whatever the agent is: it may be all that is left of a line. */
const LINES: readonly string[] = ["import:raw", "import:chunk"];

export function agentView(agent: AgentViewParts): EntryView {
  const shown = new Set(
    agent.agents.flatMap((name) => (agent.shown ?? []).map((event) => `${name}:${event}`)),
  );
  const recordOf = (content: JsonValue) => importedEntry(content)?.record ?? agent.bare?.(content) ?? null;
  return {
    parts: (entry) => {
      const record = recordOf(entry.content);
      if (!record) return pointerParts(entry.content);
      const own = agent.record(record, entry);
      return own && [...own, ...missingParts(own, entry)];
    },
    isAside: (entry) => {
      const { entryType, content } = entry;
      const record = recordOf(content);
      const said = record ? agent.isAside?.(record, entry) : undefined;
      if (said !== undefined) return said;
      if (entryType.type !== "system_event") return false;
      const { event } = entryType;
      // What somebody else has added to the session is no note of the agent.
      const isOwn = [...agent.agents, "import"].some((name) => event.startsWith(`${name}:`));
      return isOwn && !LINES.includes(event) && !shown.has(event);
    },
    reader: () => entryReader(agent.reader(), recordOf),
  };
}

function entryReader(reader: RecordReader, recordOf: (content: JsonValue) => JsonObject | null): EntryReader {
  return {
    read: (entry) => {
      const record = recordOf(entry.content);
      return record ? reader.read(record, entry) : (reader.other?.(entry) ?? NO_FACTS);
    },
  };
}

/** A further result of a record stands in the entry that holds the record. */
function pointerParts(content: JsonValue): readonly ViewPart[] | null {
  const source = sourceOf(content);
  if (!source || source["part"] === undefined || "record" in (content as JsonObject)) return null;
  return [notice("what it answered stands in the record of the entry before")];
}

/** The texts that the view of any content shows, and this one would not: no agent is known to write such. */
function missingParts(own: readonly ViewPart[], { content, entryType }: SeenEntry): readonly ViewPart[] {
  const texts = defaultParts(content, entryType).filter(isText);
  if (texts.length === 0) return [];
  const shown = own.filter(isText);
  const all = shown.map(({ text }) => text).join("\n\n");
  const said = shown.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
  return texts.filter(({ text }) => !all.includes(text) && !said.includes(text));
}

type TextPart = Extract<ViewPart, { readonly text: string }>;

function isText(part: ViewPart): part is TextPart {
  return part.type === "text" || part.type === "thinking" || part.type === "output";
}

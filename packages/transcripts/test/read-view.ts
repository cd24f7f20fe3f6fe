import type { StoredEntry } from "@thulp-sessions/core";
import {
  defaultParts,
  EntryViews,
  type PriceList,
  type SessionSummary,
  SessionTally,
  type ViewPart,
} from "@thulp-sessions/core/view";
import type { AgentReader } from "../src/index.ts";
import { AGENT_VIEWS } from "../src/views.ts";
import { imported } from "./imported.ts";

const views = new EntryViews(AGENT_VIEWS);

/** A dollar for a million tokens of any kind, of models whose name begins with `priced`. */
const PRICES: PriceList = {
  asOf: "2026-11-30",
  source: "nobody",
  models: [{ model: "priced*", input: 1, output: 1, cacheRead: 1, cacheWrite: 1, cacheWriteHour: 1 }],
};

/** The view of a session by its tags, and what it says of its entries. */
export async function readSession({
  metadata,
  entries,
}: {
  readonly metadata: { readonly tags: readonly string[] };
  readonly entries: readonly StoredEntry[];
}) {
  const view = await views.of(metadata.tags);
  const tally = new SessionTally(view, PRICES);
  for (const entry of entries) tally.add(entry);
  const shown = entries.filter((entry) => !view.isAside(entry));
  const parts = (entry: StoredEntry) => view.parts(entry) ?? defaultParts(entry.content, entry.entryType);
  return {
    view,
    tally,
    summary: tally.summary(),
    /** The conversation, an entry a line. */
    talk: shown.map((entry) => `${nameOf(entry)}: ${parts(entry).map(partText).join(" | ")}`),
  };
}

/** The same of a file with these records. */
export async function readFile(
  reader: AgentReader,
  records: readonly object[] | string,
  name = "some.jsonl",
) {
  return readSession(await imported(reader, name, records));
}

function nameOf({ entryType }: StoredEntry): string {
  const { type } = entryType;
  if (type === "tool_call") return `${entryType.toolName} ${entryType.success ? "ok" : "failed"}`;
  if (type === "skill_execution") return `skill ${entryType.skillName}`;
  return type === "system_event" ? entryType.event : type.replace("_message", "");
}

function partText(part: ViewPart): string {
  switch (part.type) {
    case "text":
      return part.text;
    case "thinking":
      return `(${part.text})`;
    case "call":
      return `→ ${part.name} ${JSON.stringify(part.input)}`;
    case "output":
      return `${part.label} = ${part.text}`;
    case "notice":
      return `[${part.text}]`;
    case "json":
      return `${part.label} ${JSON.stringify(part.value)}`.trim();
  }
}

/** What the models were asked for, in short: `model: requests, input/cacheRead/cacheWrite/output`. */
export function spent({ models }: SessionSummary): readonly string[] {
  return models.map(({ model, requests, tokens, cost }) => {
    const { input, cacheRead, cacheWrite, output } = tokens;
    const dollars = cost.unknownRequests > 0 ? "unknown" : `$${Number(cost.known.toFixed(9))}`;
    return `${model}: ${requests}, ${input}/${cacheRead}/${cacheWrite}/${output}, ${dollars}`;
  });
}

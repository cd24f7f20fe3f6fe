import {
  type CountedField,
  type EntryTypeName,
  type JsonValue,
  matchesFilter,
  type SessionFilter,
  type SessionMetadata,
  type StoredEntry,
  type StoredSession,
} from "@thulp-sessions/core";

// What the views have to answer, made in the most obvious way of all entries.

const hasSuccess = ({ entryType }: StoredEntry) => "success" in entryType && entryType.success;
const hasFailed = ({ entryType }: StoredEntry) => "success" in entryType && !entryType.success;

export function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

export function outline({ entries, epoch }: StoredSession, most: number) {
  const width = Math.ceil(entries.length / most);
  const buckets = [];
  for (let seq = 0; seq < entries.length; seq += width) {
    const own = entries.slice(seq, seq + width);
    const counts: Partial<Record<EntryTypeName, number>> = {};
    for (const { entryType } of own) counts[entryType.type] = (counts[entryType.type] ?? 0) + 1;
    const scores = own.flatMap(({ entryType }) =>
      entryType.type === "evaluation_result" ? [entryType.score] : [],
    );
    buckets.push({
      seq,
      timestamp: own[0]?.timestamp,
      counts,
      failures: own.filter(hasFailed).length,
      ...(scores.length > 0 && { score: scores.at(-1) }),
    });
  }
  return { entryCount: entries.length, width, buckets, epoch };
}

/** For the contents of sample sessions, whose first string is what a person reads. */
function preview(content: JsonValue, length: number): string {
  const [text = ""] = strings(content).filter((each) => each.trim() !== "");
  const line = text
    .slice(0, length * 4)
    .replace(/\s+/g, " ")
    .trim();
  return line.length <= length ? line : `${line.slice(0, length - 1).toWellFormed()}…`;
}

function strings(value: JsonValue): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  const { output, ...rest } = value as { readonly output?: JsonValue };
  // Of a tool call the output tells more than the command.
  const others = Object.values(rest) as JsonValue[];
  return [...(output === undefined ? [] : [output]), ...others].flatMap(strings);
}

export function turns({ entries }: StoredSession, length: number) {
  return entries
    .filter(({ entryType }) => entryType.type === "user_message")
    .map(({ seq, id, timestamp, content }) => ({ seq, id, timestamp, text: preview(content, length) }));
}

export interface Wanted {
  readonly words: readonly string[];
  readonly types?: readonly EntryTypeName[];
  readonly toolName?: string;
  readonly failedOnly?: boolean;
}

/** The `seq`s of all entries that match; words are those of ASCII letters and digits. */
export function found({ entries }: StoredSession, { words, types, toolName, failedOnly }: Wanted): number[] {
  return entries
    .filter((entry) => {
      const { entryType, content } = entry;
      if (types && !types.includes(entryType.type)) return false;
      if (toolName !== undefined && !(entryType.type === "tool_call" && entryType.toolName === toolName))
        return false;
      if (failedOnly && !hasFailed(entry)) return false;
      const there = new Set(strings(content).flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u)));
      return words.every((word) => there.has(word));
    })
    .map(({ seq }) => seq);
}

export function row({ metadata, entries }: StoredSession) {
  const of = (...types: EntryTypeName[]) => entries.filter(({ entryType }) => types.includes(entryType.type));
  let [turnCount, isWaiting] = [0, false];
  for (const { entryType } of entries) {
    if (entryType.type === "user_message") isWaiting = true;
    if (entryType.type === "assistant_message" && isWaiting) [turnCount, isWaiting] = [turnCount + 1, false];
  }
  const text = (entry: StoredEntry | undefined) => (entry ? preview(entry.content, 200) : null);
  const result = of("evaluation_result").at(-1);
  return {
    ...metadata,
    counts: {
      entryCount: entries.length,
      turnCount,
      userMessageCount: of("user_message").length,
      assistantMessageCount: of("assistant_message").length,
    },
    preview: {
      first: text(of("user_message")[0]),
      last: text(of("user_message", "assistant_message").at(-1)),
    },
    score:
      result?.entryType.type === "evaluation_result"
        ? { score: result.entryType.score, seq: result.seq }
        : null,
  };
}

export function score({ metadata, entries }: StoredSession) {
  const result = entries.findLast(({ entryType }) => entryType.type === "evaluation_result");
  const type = result?.entryType.type === "evaluation_result" ? result.entryType : undefined;
  const executions = entries.filter(({ entryType }) => entryType.type === "skill_execution");
  return {
    metadata,
    score: type?.score ?? null,
    metrics: type?.metrics ?? null,
    seq: result?.seq ?? null,
    passed: executions.filter(hasSuccess).length,
    failed: executions.filter(hasFailed).length,
  };
}

const OWN: Partial<Record<CountedField, readonly string[]>> = {
  tag: ["tag", "tagPrefix"],
  createdDay: ["createdAfter", "createdBefore"],
  updatedDay: ["updatedAfter", "updatedBefore"],
};

export function facet(sessions: readonly StoredSession[], filter: SessionFilter, by: CountedField) {
  const others = Object.fromEntries(
    Object.entries(filter).filter(([key]) => !(OWN[by] ?? [by]).includes(key)),
  );
  const counts = new Map<string, number>();
  for (const { metadata } of sessions) {
    if (!matchesFilter(others, metadata)) continue;
    for (const value of valuesOf(metadata, by)) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

function valuesOf(metadata: SessionMetadata, by: CountedField): string[] {
  if (by === "status") return [metadata.status];
  if (by === "tag") return [...new Set(metadata.tags)];
  if (by === "createdDay") return [new Date(metadata.createdAt).toISOString().slice(0, 10)];
  if (by === "updatedDay") return [new Date(metadata.updatedAt).toISOString().slice(0, 10)];
  const value = (metadata.sessionType as Record<string, unknown>)[by];
  return typeof value === "string" ? [value] : [];
}

/** Every session of a tree with its generation and where it left its parent. */
export function tree(sessions: readonly StoredSession[], id: string, whole: boolean, depth: number) {
  const byId = new Map(sessions.map((session) => [session.metadata.id as string, session]));
  const chain = [byId.get(id) as StoredSession];
  for (;;) {
    const parent = byId.get(chain[0]?.metadata.parentSession ?? "");
    if (!parent || chain.includes(parent)) break;
    chain.unshift(parent);
  }
  const nodes = new Map(chain.map((session, i) => [session.metadata.id as string, i - chain.length + 1]));
  const expanded = new Set<StoredSession>();
  const descend = (from: StoredSession, generation: number) => {
    if (generation >= depth || expanded.has(from)) return;
    expanded.add(from);
    for (const child of sessions) {
      if (child.metadata.parentSession !== from.metadata.id) continue;
      if (!nodes.has(child.metadata.id)) nodes.set(child.metadata.id, generation + 1);
      descend(child, generation + 1);
    }
  };
  descend((whole ? chain[0] : chain.at(-1)) as StoredSession, whole ? 1 - chain.length : 0);
  return [...nodes]
    .map(([each, generation]) => {
      const session = byId.get(each) as StoredSession;
      const parent = nodes.has(session.metadata.parentSession ?? "")
        ? byId.get(session.metadata.parentSession ?? "")
        : undefined;
      return { id: each, generation, ...(parent && { forkPoint: commonEntries(session, parent) }) };
    })
    .sort(byText);
}

export function byText(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}

function commonEntries(a: StoredSession, b: StoredSession): number {
  let common = 0;
  while (a.entries[common] && a.entries[common]?.id === b.entries[common]?.id) common++;
  return common;
}

import {
  type CountedField,
  MAX_PAGE,
  type SessionFilter,
  type SessionStore,
  type ValueCount,
} from "@thulp-sessions/core";
import type { Context } from "../command/context.ts";
import { printJson, printJsonLines } from "../render/json.ts";
import { oneLine, padStart } from "../render/text.ts";

interface GroupOptions {
  readonly by: CountedField;
  readonly limit: number;
  readonly all?: true | undefined;
  readonly cursor?: string | undefined;
  readonly json?: true | undefined;
  readonly jsonl?: true | undefined;
}

/** One line for each value: how many sessions have it, and what it is. */
export async function printValues(
  { io }: Context,
  store: SessionStore,
  filter: SessionFilter,
  { by, limit, all, json, jsonl, cursor: from }: GroupOptions,
): Promise<void> {
  const wanted = all ? Number.POSITIVE_INFINITY : limit;
  const items: ValueCount[] = [];
  let cursor = from;
  do {
    const page = await store.count(filter, { by, limit: Math.min(MAX_PAGE, wanted - items.length), cursor });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && items.length < wanted);
  if (json) return printJson(io, { items, nextCursor: cursor ?? null });
  if (jsonl) return printJsonLines(io, items);
  const digits = String(items[0]?.count ?? 0).length;
  for (const { value, count } of items) {
    const line = io.terminal
      ? `${padStart(String(count), digits)}  ${oneLine(value)}`
      : `${count}\t${oneLine(value)}`;
    await io.line(line);
  }
  if (io.terminal && cursor !== undefined) await io.line(io.colors.dim("--limit N or --all shows more"));
}

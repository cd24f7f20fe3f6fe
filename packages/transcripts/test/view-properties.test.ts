import type { EntryType, JsonObject, JsonValue } from "@thulp-sessions/core";
import { defaultParts, type SeenEntry, SessionTally, type ViewPart } from "@thulp-sessions/core/view";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIST_PRICES } from "../src/list-prices.ts";
import { AGENT_VIEWS } from "../src/views.ts";
import { CLAUDE, CODEX, COPILOT, GEMINI, GOOSE, OPENCODE, PI, QWEN } from "./fixtures.ts";
import { ATIF, FORMATS } from "./fixtures-neutral.ts";

const TYPES: readonly EntryType[] = [
  { type: "user_message" },
  { type: "assistant_message" },
  { type: "system_message" },
  { type: "tool_call", toolName: "Bash", success: false },
  { type: "skill_execution", skillName: "sew", success: true },
  { type: "system_event", event: "codex:event_msg/item_completed/Plan" },
  { type: "system_event", event: "import:file" },
];

/** Names and values that records are made of: of all agents, so that what is unlikely comes up. */
const RECORDS = [
  ...[CLAUDE, CODEX, COPILOT, GEMINI, GOOSE, OPENCODE, PI, QWEN, [ATIF]],
  ...Object.values(FORMATS).map(({ records }) => records),
].flat() as unknown as readonly JsonObject[];
const [names, words] = vocabulary(RECORDS);

function vocabulary(values: readonly JsonValue[]): [string[], string[]] {
  const [keys, texts] = [new Set<string>(), new Set<string>()];
  const visit = (value: JsonValue): void => {
    if (typeof value === "string") texts.add(value);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === "object" && value !== null)
      for (const [key, inner] of Object.entries(value)) {
        keys.add(key);
        visit(inner as JsonValue);
      }
  };
  values.forEach(visit);
  return [[...keys], [...texts]];
}

const word = fc.oneof(fc.constantFrom(...words), fc.string());
const value = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    word,
    fc.constantFrom(null, true, false, 0, 1, -1, 1e300, 12),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), tie("value"), { maxKeys: 5 }),
  ) as fc.Arbitrary<JsonValue>,
})).value;

/** A record of some agent in which some fields are replaced. */
const changed = fc
  .tuple(fc.constantFrom(...RECORDS), fc.array(fc.tuple(fc.nat(), value), { maxLength: 3 }))
  .map(([record, changes]) => {
    const copy = JSON.parse(JSON.stringify(record)) as JsonObject;
    for (const [at, replacement] of changes) replace(copy, at, replacement);
    return copy;
  });

/** Goes down by `at`, and puts a value where it ends. */
function replace(object: JsonObject, at: number, replacement: JsonValue): void {
  let node = object as Record<string, JsonValue>;
  for (let left = at; ; left = Math.floor(left / 7)) {
    const keys = Object.keys(node);
    const key = keys[(left % 7) % Math.max(1, keys.length)] ?? "content";
    const inner = node[key];
    if (left < 7 || typeof inner !== "object" || inner === null) {
      node[key] = replacement;
      return;
    }
    node = inner as Record<string, JsonValue>;
  }
}

const content = fc.oneof(
  value,
  changed,
  fc
    .tuple(fc.oneof(changed, value), fc.dictionary(fc.constantFrom("part", "recordId", "head"), value))
    .map(([record, more]) => ({ source: { agent: "smith", session: "s", ...more }, record }) as JsonValue),
);
const entry: fc.Arbitrary<SeenEntry> = fc.record({
  entryType: fc.constantFrom(...TYPES),
  content,
  timestamp: fc.nat(),
});

/** Without what stands between texts that are shown one after the other. */
function textsOf(parts: readonly ViewPart[]): string[] {
  return parts.flatMap((part) =>
    part.type === "text" || part.type === "thinking" || part.type === "output" ? [part.text] : [],
  );
}

const squeezed = (text: string) => text.replaceAll(/\s+/g, "");

describe.each(Object.entries(AGENT_VIEWS))("the view of %s", (_, load) => {
  test("throws on no JSON, and shows every text that the view of any content shows", async () => {
    const view = await load();
    fc.assert(
      fc.property(entry, (each) => {
        view.isAside(each);
        const parts = view.parts(each);
        if (parts === null) return;
        const shown = squeezed(textsOf(parts).join(""));
        for (const text of textsOf(defaultParts(each.content, each.entryType)))
          expect(shown).toContain(squeezed(text));
      }),
      { numRuns: 400 },
    );
  });

  test("counts nothing less than nothing, whatever the entries are", async () => {
    const view = await load();
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        const tally = new SessionTally(view, LIST_PRICES);
        for (const each of entries) tally.add(each);
        const { tokens, cost, tools } = tally.summary();
        for (const figure of [...Object.values(tokens), cost.known, ...tools.map(({ calls }) => calls)]) {
          expect(Number.isFinite(figure)).toBe(true);
          expect(figure).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 100 },
    );
  });
});

import { isSessionError, MAX_ENTRY_BYTES, type SessionEntry } from "@thulp-sessions/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { entryEnvelopeSchema } from "../src/model/model-schemas.ts";
import { parseAppendOptions, parseEntries } from "../src/store/validate.ts";
import { uuid } from "./make.ts";

const ID = uuid(1);

/** As JSON, with the keys in their order, and with -0, which JSON would hide. */
const textOf = (value: unknown) => JSON.stringify(value, (_, part) => (Object.is(part, -0) ? "-0" : part));

/** What the schema, which the usual entries do without, says of an entry. */
function bySchema(entry: Readonly<Record<string, unknown>>): unknown {
  const { content, ...envelope } = entry;
  const result = entryEnvelopeSchema.safeParse(envelope);
  return result.success ? textOf({ ...result.data, content }) : "refused";
}

function parsed(entry: unknown): unknown {
  try {
    return textOf(parseEntries([entry])[0]);
  } catch (error) {
    if (isSessionError(error, "invalid_input")) return "refused";
    throw error;
  }
}

const mostly = <T>(usual: T, ...others: unknown[]) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant<unknown>(usual) }, ...others.map((each) => fc.constant(each)));
const odd = [null, "", "half \ud800", 0, 1.5, true, false, {}, []];
const name = mostly("name", ...odd);
const success = mostly(true, ...odd);
// Their keys are in other orders than those of the schema.
const entryType = fc.oneof(
  fc.record({ type: mostly("user_message", "assistant_message", "system_message", "none", ...odd) }),
  fc.record({ event: name, type: fc.constant("system_event") }),
  fc.record({ success, toolName: name, type: fc.constant("tool_call") }),
  fc.record({ success, type: fc.constant("skill_execution"), skillName: name }),
  fc.record({ event: name, toolName: name, success, type: fc.constantFrom("system_event", "tool_call") }),
  fc.record({ event: name, type: fc.constantFrom("user_message", "tool_call") }),
);

describe("an entry that is checked without the schema", () => {
  test("is what the schema makes of it, key by key, or refused as by it", () => {
    const entry = fc.record({
      content: fc.constant({ a: 1 }),
      entryType,
      timestamp: mostly(5, 0, -0, 1.5, -1, 2 ** 53, "5"),
      id: mostly(ID, ID.toUpperCase(), "x", 5),
    });
    fc.assert(
      fc.property(entry, (given) => {
        expect(parsed(given)).toBe(bySchema(given));
      }),
      { numRuns: 3000 },
    );
  });

  test.each<[string, (name: string) => SessionEntry["entryType"]]>([
    ["an event", (event) => ({ type: "system_event", event })],
    ["a call of a tool", (toolName) => ({ type: "tool_call", toolName, success: true })],
  ])("%s may be as long as all entries, its name counted in bytes", (_, typeOf) => {
    const entryOf = (name: string) => ({ id: ID, timestamp: 5, entryType: typeOf(name), content: "" });
    // Each takes six bytes as JSON.
    const unit = "\u0001";
    const room = MAX_ENTRY_BYTES - JSON.stringify(entryOf("")).length;
    const fitting = unit.repeat(Math.floor(room / 6)) + "x".repeat(room % 6);
    expect(parseEntries([entryOf(fitting)])).toHaveLength(1);
    expect(() => parseEntries([entryOf(`${fitting}x`)])).toThrow("is longer than");
  });
});

test.each([
  [{ at: 5 }, { at: 5 }],
  [{ at: -0 }, { at: 0 }],
  [
    { expectedEpoch: "e", at: 5 },
    { at: 5, expectedEpoch: "e" },
  ],
  [{ at: 5, expectedEpoch: undefined }, { at: 5 }],
])("the options %j are %j", (given, expected) => {
  expect(textOf(parseAppendOptions(given))).toBe(textOf(expected));
});

test.each([
  [{}],
  [{ at: 1.5 }],
  [{ at: "5" }],
  [{ at: 5, expectedEpoch: 1 }],
  [{ at: -1, expectedEpoch: "e" }],
  [{ at: 5, other: 1 }],
])("the options %j are refused", (given) => {
  expect(() => parseAppendOptions(given)).toThrow(/^options/);
});

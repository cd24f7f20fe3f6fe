import { expect, test } from "vitest";
import { JsonScanner } from "../../src/format/serde/json-scanner.ts";
import { salvage } from "../../src/maintenance/salvage.ts";

const ID = "aaaaaaaa-0000-4000-8000-000000000001";
const ENTRY = `{"id":"${ID}","timestamp":1,"entry_type":{"type":"user_message"},"content":{"text":"a"}}`;

/** How often the scanner looks at a byte between values, as a measure of the work. */
function looks(bytes: Buffer): { count: number; entries: number } {
  const { peek } = JsonScanner.prototype;
  let count = 0;
  Object.assign(JsonScanner.prototype, {
    peek(this: JsonScanner) {
      count++;
      return peek.call(this);
    },
  });
  try {
    return { entries: salvage(bytes).entries.length, count };
  } finally {
    Object.assign(JsonScanner.prototype, { peek });
  }
}

test.each([
  "{",
  '{"',
  '{"id":',
  '{"id":{',
  '{"a":[',
  '{"content":[',
  '"context":{"a":[',
  '{"metadata":{"a":',
])("what is left of %j without end costs its length, and what is whole behind it is found", (unit) => {
  const damaged = (times: number) => looks(Buffer.from(`${unit.repeat(times)}\n${ENTRY}`));
  const small = damaged(2000);
  const large = damaged(8000);
  expect(large.entries).toBe(1);
  expect(large.count).toBeLessThanOrEqual(4.2 * Math.max(small.count, 1000));
});

test("the context is not looked for in each entry again", () => {
  const entries = Array.from({ length: 2000 }, (_, i) =>
    ENTRY.replace(ID, ID.slice(0, -6) + String(i).padStart(6, "0")).replace('"a"', '"\\"context\\": {}"'),
  );
  const found = salvage(Buffer.from(`{"entries":[${entries.join(",")}],"context":{"k":1},`));
  expect(found.entries).toHaveLength(2000);
  expect(found.context?.value).toEqual({ k: 1 });
});

test("stacks of errors are made again afterwards", () => {
  const { stackTraceLimit } = Error;
  salvage(Buffer.from("{{{"));
  expect(Error.stackTraceLimit).toBe(stackTraceLimit);
});

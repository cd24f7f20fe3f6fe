// What is no plain data is refused before anything changes, is read once, and no message quotes it.
import { type SessionHistoryTransactionArgs, UserError } from "@openai/agents-core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { ThulpSession } from "@thulp-sessions/openai-agents";
import { describe, expect, test } from "vitest";

const item = { role: "user", content: "a secret" };
const throwing = (name: string) => ({
  ...item,
  get [name](): never {
    throw new Error("a secret");
  },
});
const cyclic: Record<string, unknown> = { ...item };
cyclic["providerData"] = { cyclic };
const sparse: unknown[] = [item];
sparse[2] = item;
const hidden = Object.defineProperty({ ...item }, "providerData", { value: {}, enumerable: false });
const withBytes = (bytes: Uint8Array) => ({ ...item, providerData: { bytes } });

const INVALID: Readonly<Record<string, unknown>> = {
  "no arguments": undefined,
  null: null,
  "arguments that throw": new Proxy(
    {},
    {
      get: () => {
        throw new Error("a secret");
      },
    },
  ),
  "no id": { transaction: { type: "append_items", items: [item] } },
  "an id that is no text": { operationId: 7, transaction: { type: "append_items", items: [item] } },
  "a blank id": { operationId: " ", transaction: { type: "append_items", items: [item] } },
  "half a character as id": { operationId: "\ud83d", transaction: { type: "append_items", items: [item] } },
  "no transaction": { operationId: "1" },
  "a text as transaction": { operationId: "1", transaction: "a secret" },
  ...Object.fromEntries(
    Object.entries({
      "another type": { type: "a secret", items: [item] },
      "no items": { type: "append_items" },
      "no array": { type: "append_items", items: { 0: item, length: 1 } },
      "a field too many": { type: "append_items", items: [item], more: "a secret" },
      "half of a suffix": { type: "replace_suffix", expectedSuffix: [item] },
      "a suffix that is none": { type: "replace_suffix", expectedSuffix: item, replacement: [item] },
      "no item": { type: "append_items", items: [{ role: "a secret", content: 7 }] },
      "a text as item": { type: "append_items", items: ["a secret"] },
      "a getter": { type: "append_items", items: [throwing("content")] },
      "a getter of no field": { type: "append_items", items: [throwing("providerData")] },
      "a hole": { type: "append_items", items: sparse },
      "a cycle": { type: "append_items", items: [cyclic] },
      "a hidden property": { type: "append_items", items: [hidden] },
      "a symbol": { type: "append_items", items: [{ ...item, [Symbol("a secret")]: 1 }] },
      "a function": { type: "append_items", items: [{ ...item, providerData: { f: () => "a secret" } }] },
      "a date": { type: "append_items", items: [{ ...item, providerData: { at: new Date() } }] },
      "a bigint": { type: "append_items", items: [{ ...item, providerData: { n: 1n } }] },
      "no number": { type: "append_items", items: [{ ...item, providerData: { n: Number.NaN } }] },
      "bytes with a name": {
        type: "append_items",
        items: [withBytes(Object.assign(new Uint8Array(1), { name: "a secret" }))],
      },
      "an array with a name": { type: "append_items", items: Object.assign([item], { name: "a secret" }) },
    }).map(([name, transaction]) => [name, { operationId: "1", transaction }]),
  ),
};

describe("a transaction with", () => {
  test.each(Object.entries(INVALID))("%s is refused", async (_, args) => {
    const store = new MemoryStore();
    const session = new ThulpSession(store, { sessionId: "s" });
    const error: unknown = await session.applyHistoryTransaction(args as SessionHistoryTransactionArgs).then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(UserError);
    expect(String((error as Error).stack)).not.toContain("a secret");
    expect((error as Error).cause).toBe(undefined);
    expect(await store.count()).toBe(0);
  });

  test("properties that change is applied as it was read first", async () => {
    const reads: string[] = [];
    const counted = <T extends object>(target: T, name: string): T =>
      new Proxy(target, {
        get: (object, key) => {
          reads.push(`${name}.${String(key)}`);
          return Reflect.get(object, key);
        },
        getOwnPropertyDescriptor: (object, key) => {
          if (typeof key === "string") reads.push(`${name}.${key}`);
          return Reflect.getOwnPropertyDescriptor(object, key);
        },
      });
    const bytes = new Uint8Array(new SharedArrayBuffer(2));
    const given = counted({ ...item, providerData: { bytes } }, "item");
    const transaction = counted({ type: "append_items", items: [given] }, "transaction");
    const args = counted({ operationId: "1", transaction }, "args");
    const session = new ThulpSession(new MemoryStore(), { sessionId: "s" });
    const applied = session.applyHistoryTransaction(args as unknown as SessionHistoryTransactionArgs);
    bytes[0] = 7;
    await applied;
    expect(await session.getItems()).toEqual([{ ...item, providerData: { bytes: new Uint8Array(2) } }]);
    const fields = reads.filter((read) =>
      /role|content|providerData|items|type|operationId|transaction$/.test(read),
    );
    expect(fields.sort()).toEqual([...new Set(fields)].sort());
    expect(fields).toContain("item.content");
  });
});

test("items that cannot be stored are refused, each as a whole batch", async () => {
  const store = new MemoryStore();
  const session = new ThulpSession(store, { sessionId: "s" });
  for (const items of [
    [item, throwing("content")],
    [item, cyclic],
    [item, "a secret"],
    "a secret",
    [item, { n: 1n }],
  ]) {
    const error: unknown = await session.addItems(items as never).then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(TypeError);
    expect(String((error as Error).stack)).not.toContain("a secret");
  }
  expect(await store.count()).toBe(0);
});

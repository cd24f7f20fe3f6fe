import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { atif } from "../src/agents/atif.ts";
import { messages } from "../src/agents/messages.ts";
import { type AgentReader, findTranscripts, importTranscripts } from "../src/index.ts";
import { ATIF, FORMATS } from "./fixtures-neutral.ts";
import { imported } from "./imported.ts";
import { openStore, tempFolder } from "./places.ts";
import { entriesOf, exported, fileWith, importOne, lines } from "./round-trip.ts";

describe.each(Object.entries(FORMATS))("%s", (_, { records, types, outcomes, name }) => {
  const LAYOUTS = {
    "one a line": ["talk.jsonl", lines(...records)],
    "a list": ["talk.json", JSON.stringify(records)],
    "a list formatted for people": ["talk.json", `${JSON.stringify(records, null, "\t")}\n`],
    "an object with the list": [
      "talk.json",
      JSON.stringify({ model: "m", messages: records, n: 1 }, null, 2),
    ],
  } as const;

  test.each(Object.entries(LAYOUTS))("%s", async (layout, [file, text]) => {
    const found = await imported(messages, file, text);
    const around = layout.startsWith("an object") ? ["messages:session"] : [];
    expect(found.types).toEqual([...types, ...around]);
    const stated = found.entries.map(({ content }) => (content as { outcome?: string }).outcome ?? "");
    expect(stated.slice(0, types.length).map((each, i) => (each === "" ? "" : types[i]))).toEqual(
      types.map((type) => (outcomes.includes(type) ? type : "")),
    );
    expect(found.metadata).toMatchObject({ name, tags: ["agent:messages"] });
    expect(found.report.unknownKinds).toEqual({});
  });
});

test("what is no message of any of them is kept, and counted", async () => {
  const { types, report } = await imported(messages, "a.jsonl", [
    { role: "seer", content: "" },
    { role: "toString", content: "" },
    { from: "constructor", value: "" },
    { type: "item_reference", id: "x" },
    { type: "hologram" },
    { a: 1 },
    { messages: [{ role: "user", content: "a whole one" }] },
  ]);
  expect(types).toEqual([
    "messages:message/seer",
    "messages:message/toString",
    "messages:sent/constructor",
    "messages:item/item_reference",
    "messages:item/hologram",
    "messages:unknown",
    "messages:conversation",
  ]);
  expect(Object.keys(report.unknownKinds)).toHaveLength(5);
});

test("a conversation has the id and the title that it says, else the name of its file", async () => {
  const talk = [{ role: "user", content: "Hi" }];
  const text = JSON.stringify({ chatId: "chat-9", title: "Greetings", messages: talk });
  const { metadata, context } = await imported(messages, "talk.json", text);
  expect(metadata.name).toBe("Greetings");
  expect(context["source"]).toMatchObject({ nativeId: "chat-9" });
  const bare = await imported(messages, "talk.json", JSON.stringify(talk));
  expect(bare.context["source"]).toMatchObject({ nativeId: "talk" });
  // The id of a message is none of a session.
  const inLines = await imported(messages, "talk.jsonl", [{ id: "msg_1", role: "user", content: "Hi" }]);
  expect(inLines.context["source"]).toMatchObject({ nativeId: "talk" });
});

test("a message has the time that it says, else that of its neighbour, else that of the file", async () => {
  const at = "2026-09-01T00:00:00.000Z";
  const said = await imported(messages, "a.jsonl", [
    { id: "1", role: "user", parts: [], metadata: { createdAt: Date.parse(at) } },
    { role: "assistant", content: "" },
  ]);
  expect(said.entries.map(({ timestamp }) => timestamp)).toEqual([Date.parse(at), Date.parse(at)]);
  const unsaid = await imported(messages, "a.jsonl", [{ role: "user", content: "" }]);
  expect(Date.now() - unsaid.metadata.createdAt).toBeLessThan(60_000);
});

describe("ATIF", () => {
  test("a trajectory: steps, results of calls by their ids, nothing of their outcome", async () => {
    const { types, metadata, entries, context, report } = await imported(
      atif,
      "trajectory.json",
      JSON.stringify(ATIF, null, 2),
    );
    expect(types).toEqual([
      "system_message",
      "user_message",
      "assistant_message",
      "bash true",
      "unknown true",
      "assistant_message",
      "atif:oracle",
      "atif:trajectory",
    ]);
    expect(metadata).toMatchObject({
      name: "Spin it",
      createdAt: Date.parse("2026-10-01T05:00:01Z"),
      tags: ["agent:atif"],
    });
    expect(context["source"]).toMatchObject({ nativeId: "spin-1", versions: ["ATIF-v1.7"] });
    expect(entries[2]?.content).toMatchObject({ source: { recordId: "step-3" } });
    expect(entries[2]?.content).not.toHaveProperty("outcome");
    expect(entries[3]?.content).toMatchObject({ outcome: "unstated", source: { part: 1 } });
    expect(report.unknownKinds).toEqual({ oracle: 1 });
  });
});

test("they lie nowhere in particular, and anywhere that is named", async () => {
  for (const reader of [messages, atif]) expect(reader.roots({ home: "/home/ada", env: {} })).toEqual([]);
  const folder = tempFolder();
  fileWith(JSON.stringify(ATIF), "one.json", folder);
  fileWith("hello", "notes.md", folder);
  expect((await findTranscripts(atif, folder)).files.map(({ nativeId }) => nativeId)).toEqual(["spin-1"]);
  expect((await findTranscripts(messages, folder)).files.map(({ nativeId }) => nativeId)).toEqual(["one"]);
});

test("a conversation that goes on, as its program writes it again, adds what was said", async () => {
  const store = await openStore();
  const folder = tempFolder();
  const records = FORMATS["Anthropic messages"].records;
  let before = 0;
  for (let count = 1; count <= records.length; count++) {
    const path = fileWith(JSON.stringify(records.slice(0, count), null, 2), "talk.json", folder);
    const { sessionId, entries } = await importOne(store, messages, path);
    const all = (await entriesOf(store, sessionId)).length;
    expect(entries.added).toBe(all - before);
    before = all;
    expect(await exported(store, sessionId)).toMatchObject({ exact: true });
  }
  expect((await importTranscripts(store, messages, [folder]))[0]).toMatchObject({ result: "unchanged" });
});

const SOURCES: readonly { reader: AgentReader; records: readonly object[] }[] = [
  { reader: messages, records: Object.values(FORMATS).flatMap(({ records }) => records) },
  { reader: atif, records: ATIF.steps },
];

test.each(SOURCES)("any bytes as a file of $reader.agent come back", async ({ reader, records }) => {
  const store = await openStore();
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(...records.map((record) => JSON.stringify(record)), "[", "]", ",\n", '{"steps":[', "}")
      .map((text) => Buffer.from(text)),
  );
  const content = fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => Buffer.concat(pieces));
  let number = 0;
  await fc.assert(
    fc.asyncProperty(content, fc.constantFrom("json", "jsonl"), async (bytes, ending) => {
      if (bytes.length === 0) return;
      const path = fileWith(bytes, `${++number}.${reader === atif ? "json" : ending}`);
      const { sessionId } = await importOne(store, reader, path);
      const back = await exported(store, sessionId);
      expect(back.bytes.equals(bytes)).toBe(true);
      expect(back.exact).toBe(true);
    }),
    { numRuns: 150 },
  );
});

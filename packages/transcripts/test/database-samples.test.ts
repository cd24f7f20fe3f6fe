import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { goose } from "../src/agents/goose.ts";
import { opencode } from "../src/agents/opencode.ts";
import { exportMembers, importTranscripts } from "../src/index.ts";
import { openStore, STORES } from "./places.ts";
import { exported } from "./round-trip.ts";
import { SAMPLES } from "./sample-files.ts";

const DATABASES = [
  { reader: opencode, path: "opencode/sqlite-1.18.13", sessions: 3, rows: 3 + 7 + 19 },
  { reader: opencode, path: "opencode/json-v1/opencode-home", sessions: 3, rows: 3 + 10 + 6 },
  { reader: opencode, path: "opencode/json-v1/opencode-empty", sessions: 1, rows: 2 },
  { reader: goose, path: "goose/sqlite-1.45.0", sessions: 3, rows: 3 + 13 + 6 },
];

describe.each(DATABASES)("sample $path", ({ reader, path, sessions, rows }) => {
  const root = join(SAMPLES, path);
  const isHere = (() => {
    try {
      return readdirSync(root).length > 0;
    } catch {
      return false;
    }
  })();

  test.skipIf(!isHere).each(Object.keys(STORES))("into %s: every row, and again nothing", async (kind) => {
    const store = await openStore(kind);
    const reports = await importTranscripts(store, reader, [root]);
    expect(reports.map(({ result }) => result)).toEqual(Array(sessions).fill("new"));
    expect(reports.flatMap(({ unknownKinds }) => Object.keys(unknownKinds))).toEqual([]);
    let count = 0;
    for (const { sessionId } of reports) {
      const back = await exported(store, sessionId as string);
      expect(back.exact).toBe(true);
      count += back.bytes.toString().trimEnd().split("\n").length;
      for await (const member of exportMembers(store, sessionId as string))
        await member.write(async (bytes) => {
          expect(Buffer.from(bytes)).toEqual(readFileSync(join(root, member.path)));
        });
    }
    expect(count).toBe(rows);
    const again = await importTranscripts(store, reader, [root]);
    expect(again.map(({ result, entries }) => [result, entries.added])).toEqual(
      Array(sessions).fill(["unchanged", 0]),
    );
  });
});

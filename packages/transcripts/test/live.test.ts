import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { SESSION } from "./fixtures.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { entriesOf, exported, importOne } from "./round-trip.ts";

const LINES = 300;

/** Writes lines in pieces that end anywhere; now and then the end is cut off and written again. */
const WRITER = `
  const fs = require("node:fs");
  const file = process.argv[1];
  let cuts = 0;
  for (let i = 0; i < ${LINES}; i++) {
    const line = JSON.stringify({ type: "user", uuid: "u" + i, message: { content: "é".repeat(i % 50) } }) + "\\n";
    const bytes = Buffer.from(line);
    const at = (i * 7) % bytes.length;
    const before = fs.existsSync(file) ? fs.statSync(file).size : 0;
    fs.appendFileSync(file, bytes.subarray(0, at));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    if (i % 40 === 39 && cuts++ < 3) fs.truncateSync(file, before);
    else fs.appendFileSync(file, bytes.subarray(at));
  }
`;

test.each(Object.keys(STORES))(
  "a file that another process writes meanwhile is whole in %s",
  async (kind) => {
    const store = await openStore(kind);
    const path = join(tempFolder(), `${SESSION}.jsonl`);
    const writer = spawn(process.execPath, ["-e", WRITER, path], { stdio: ["ignore", "ignore", "inherit"] });
    let isWriting = true;
    const ended = once(writer, "exit").then(() => {
      isWriting = false;
    });
    const seen = new Set<string>();
    let imports = 0;
    const take = async () => {
      const { sessionId } = await importOne(store, claudeCode, path);
      const ids = (await entriesOf(store, sessionId)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of seen) expect(ids).toContain(id);
      for (const id of ids) seen.add(id);
      imports++;
    };
    await expect.poll(() => existsSync(path) && statSync(path).size > 0, { timeout: 20_000 }).toBe(true);
    while (isWriting) await take();
    await ended;
    await take();
    const back = await exported(store, SESSION);
    expect(back.exact).toBe(true);
    expect(back.bytes.equals(readFileSync(path))).toBe(true);
    expect(imports).toBeGreaterThan(2);
  },
);

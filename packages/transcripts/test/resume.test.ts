import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { SessionError, type SessionStore } from "@thulp-sessions/core";
import { describe, expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { findTranscripts } from "../src/files/find-transcripts.ts";
import { importFound } from "../src/import/import-transcripts.ts";
import { ResumePoints } from "../src/import/resume-points.ts";
import type { AgentReader, FileReport } from "../src/index.ts";
import { AGENT_CASES } from "./agent-cases.ts";
import { CLAUDE, SESSION } from "./fixtures.ts";
import { openStore, STORES, tempFolder } from "./places.ts";
import { entriesOf, exported, fileWith, lines } from "./round-trip.ts";

/** Imports all that lies at a path as a follower does: the files are being written. */
async function take(store: SessionStore, reader: AgentReader, path: string, resume?: ResumePoints) {
  const { files } = await findTranscripts(reader, path);
  const reports = await importFound(store, reader, files, { live: true, resume });
  expect(reports).toHaveLength(1);
  const { total, ...parts } = (reports[0] as FileReport).bytes;
  expect(Object.values(parts).reduce((sum, part) => sum + part)).toBe(total);
  return reports[0] as FileReport & { readonly sessionId: string };
}

/** Claude Code's, with the number of records that were parsed since it was asked for last. */
function counting(): { readonly reader: AgentReader; parsed(): number } {
  let count = 0;
  const reader: AgentReader = {
    ...claudeCode,
    parser: (named) => {
      const parser = claudeCode.parser(named);
      const classify: typeof parser.classify = (record) => {
        count++;
        return parser.classify(record);
      };
      return { classify, facts: () => parser.facts() };
    },
  };
  const parsed = () => {
    const parsed = count;
    count = 0;
    return parsed;
  };
  return { reader, parsed };
}

const MORE = lines({ type: "ai-title", aiTitle: "Another title" });

describe.each(Object.keys(STORES))("in %s, a file that was read to its end", (kind) => {
  async function taken(text = lines(...CLAUDE)) {
    const store = await openStore(kind);
    const path = fileWith(text, `${SESSION}.jsonl`);
    const { reader, parsed } = counting();
    const points = new ResumePoints();
    const again = () => take(store, reader, path, points);
    await again();
    parsed();
    return { store, path, parsed, again };
  }

  test("is parsed from there when it has grown", async () => {
    const { store, path, parsed, again } = await taken();
    for (const name of ["Another title", "A third one"]) {
      const more = MORE.replace("Another title", name);
      const size = readFileSync(path).length;
      appendFileSync(path, more);
      const report = await again();
      expect(report).toMatchObject({ result: "grown", name, entries: { added: 1 } });
      expect(report.bytes).toMatchObject({
        unchanged: size,
        records: more.length,
        total: size + more.length,
      });
      expect(parsed()).toBe(1);
    }
    expect((await exported(store, SESSION)).bytes).toEqual(readFileSync(path));
  });

  test("is parsed as a whole when what was read is another, of the same length, and more follows", async () => {
    const { store, path, parsed, again } = await taken();
    const text = lines(...CLAUDE);
    writeFileSync(path, text.replace(/[a-z]/, (letter) => letter.toUpperCase()) + MORE);
    expect(await again()).toMatchObject({ result: "changed" });
    expect(parsed()).toBe(CLAUDE.length + 1);
    expect((await exported(store, SESSION)).bytes).toEqual(readFileSync(path));
    appendFileSync(path, MORE);
    expect(await again()).toMatchObject({ result: "grown", entries: { added: 1 } });
    expect(parsed()).toBe(1);
  });

  test("is parsed as a whole when it was cut, and from its new end when it grows again", async () => {
    const { store, path, parsed, again } = await taken();
    writeFileSync(path, lines(...CLAUDE.slice(0, 2)));
    expect(await again()).toMatchObject({ result: "changed" });
    expect(parsed()).toBe(2);
    appendFileSync(path, MORE);
    expect(await again()).toMatchObject({ result: "grown", entries: { added: 1 } });
    expect(parsed()).toBe(1);
    expect((await exported(store, SESSION)).bytes).toEqual(readFileSync(path));
  });

  test("is parsed as a whole when somebody else has taken in more of it meanwhile", async () => {
    const { store, path, parsed, again } = await taken();
    appendFileSync(path, MORE);
    await take(store, claudeCode, path);
    appendFileSync(path, MORE);
    expect(await again()).toMatchObject({ result: "grown", entries: { added: 1 } });
    expect(parsed()).toBe(CLAUDE.length + 2);
    expect((await exported(store, SESSION)).bytes).toEqual(readFileSync(path));
  });

  test("is read on within a line that had not ended", async () => {
    const begun = lines(...CLAUDE) + MORE.slice(0, 9);
    const { store, path, parsed, again } = await taken(begun);
    appendFileSync(path, MORE.slice(9));
    expect(await again()).toMatchObject({ result: "grown", entries: { added: 1 }, name: "Another title" });
    expect(parsed()).toBe(1);
    expect((await exported(store, SESSION)).bytes).toEqual(readFileSync(path));
  });
});

test("what a store has not taken is parsed and given to it again", async () => {
  const store = await openStore();
  let fails = false;
  const failing = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (fails && name === "append") throw new SessionError("busy", "busy");
        return value.apply(target, args);
      };
    },
  });
  const path = fileWith(lines(...CLAUDE), `${SESSION}.jsonl`);
  const points = new ResumePoints();
  await take(failing, claudeCode, path, points);
  appendFileSync(path, MORE);
  fails = true;
  await expect(take(failing, claudeCode, path, points)).rejects.toMatchObject({ code: "busy" });
  fails = false;
  expect(await take(failing, claudeCode, path, points)).toMatchObject({ entries: { added: 1 } });
  expect((await exported(store, SESSION)).bytes).toEqual(readFileSync(path));
});

test("what was read before the reading of it failed is read again", async () => {
  const store = await openStore();
  const path = fileWith(lines(...CLAUDE), `${SESSION}.jsonl`);
  const points = new ResumePoints();
  await take(store, claudeCode, path, points);
  appendFileSync(path, MORE);
  const { files } = await findTranscripts(claudeCode, path);
  const torn = files.map((file) => ({
    ...file,
    openFrom: async function* () {
      yield Buffer.from(MORE.slice(0, 5));
      throw Object.assign(new Error("the disk is gone"), { code: "EIO" });
    },
  }));
  const [report] = await importFound(store, claudeCode, torn, { live: true, resume: points });
  expect(report).toMatchObject({ result: "failed", reason: "the disk is gone" });
  expect(await take(store, claudeCode, path, points)).toMatchObject({ entries: { added: 1 } });
  expect((await exported(store, SESSION)).bytes).toEqual(readFileSync(path));
});

test.each(AGENT_CASES.filter(({ isLines }) => isLines).map((each) => [each.name, each] as const))(
  "%s: a session that grew is the same whether or not its file was read on",
  async (_, { reader, write, pieces }) => {
    const [one, other] = [await openStore(), await openStore()];
    const points = new ResumePoints();
    const root = tempFolder();
    let id = "";
    for (let count = 1; count <= pieces.length; count++) {
      write(root, pieces.slice(0, count));
      const whole = await take(one, reader, root);
      expect(await take(other, reader, root, points)).toEqual(whole);
      id = whole.sessionId;
    }
    expect(await other.get(id)).toEqual(await one.get(id));
    expect(await entriesOf(other, id)).not.toEqual([]);
  },
);

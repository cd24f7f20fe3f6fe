import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { claudeCode } from "../src/agents/claude-code.ts";
import { isWithin } from "../src/import/project-of.ts";
import { importTranscripts } from "../src/index.ts";
import { CLAUDE, SESSION } from "./fixtures.ts";
import { openStore, tempFolder } from "./places.ts";
import { exported, lines } from "./round-trip.ts";

const CLOCK = "C:\\Users\\ada\\clock";

/** The fixture as Claude Code writes it in a folder, with the line ends of Windows. */
const historyIn = (cwd: string) =>
  lines(...CLAUDE.map((record) => ({ ...record, ...("cwd" in record && { cwd }) }))).replaceAll("\n", "\r\n");

test("a history of Windows is kept as it is, with its project", async () => {
  const store = await openStore();
  const path = join(tempFolder(), `${SESSION}.jsonl`);
  writeFileSync(path, historyIn(CLOCK));
  await importTranscripts(store, claudeCode, [path]);
  const { metadata, context } = await store.get(SESSION);
  expect(metadata.tags).toContain(`project:${CLOCK}`);
  expect(context["source"]).toMatchObject({ cwd: CLOCK });
  expect((await exported(store, SESSION)).bytes.toString()).toBe(historyIn(CLOCK));
  expect(await importTranscripts(store, claudeCode, [path])).toMatchObject([{ result: "unchanged" }]);
});

test("of a project on a drive, its own histories are taken, also where they lie on another system", async () => {
  const folder = tempFolder();
  const cwds = [CLOCK, "c:\\users\\ADA\\clock\\cogs", `${CLOCK}-not`, "C:\\Users\\ada", "/Users/ada/clock"];
  for (const [i, cwd] of cwds.entries())
    writeFileSync(join(folder, SESSION.replace(/^./, `${i}`).concat(".jsonl")), historyIn(cwd));
  const reports = await importTranscripts(await openStore(), claudeCode, [folder], { project: CLOCK });
  expect(reports.map(({ result }) => result)).toEqual(["new", "new", "skipped", "skipped", "skipped"]);
});

test.each([
  [CLOCK, process.cwd(), false],
  [process.cwd(), CLOCK, false],
  ["clock", process.cwd(), false],
  ["\\\\host\\share\\clock\\a", "\\\\host\\share\\clock", true],
  ["D:\\Users\\ada\\clock", CLOCK, false],
  ["C:/Users/ada/clock/a", CLOCK, true],
  ["C:\\Users\\ada\\clock\\..\\other", CLOCK, false],
  ["/home/ada/clock/..cogs", "/home/ada/clock", true],
])("%s within %s: %s", (path, folder, expected) => {
  expect(isWithin(path, folder)).toBe(expected);
});

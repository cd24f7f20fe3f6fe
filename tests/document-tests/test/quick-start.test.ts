import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "@thulp-sessions/config";
import { tempFolder } from "@thulp-sessions/testing";
import { describe, expect, test } from "vitest";
import { leaveHistories } from "./agent-histories.ts";
import { blocksOf, ROOT } from "./document.ts";
import { DOCUMENTED_URL, Reader } from "./terminal.ts";

const IN_README = ["Quick start", "What your agents have kept"];

/** The blocks of these sections, of which each has to have some. */
function section(document: string, title: string) {
  const blocks = blocksOf(document).filter((block) => block.section === title);
  expect(blocks).not.toEqual([]);
  return blocks;
}

// What `npm start` does before it serves, installing and building, is left out: it is what CI does before
// this test.
test("npm start serves apps/api/dist/main.js, at the address that the documents name", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(scripts.start).toBe("exec node scripts/bootstrap.mjs start");
  expect(readFileSync(join(ROOT, "scripts/bootstrap.mjs"), "utf8")).toMatch(
    /start\(\) \{\s+buildStartSet\(.*\);\s+runServer\(join\(root, "apps", "api", "dist", "main\.js"\), rest, process\.env\);/,
  );
  const { host, port } = loadConfig({ flags: {}, env: {}, cwd: tempFolder() });
  expect(DOCUMENTED_URL).toBe(`http://${host}:${port}`);
});

describe("README.md", () => {
  test("the quick start works as it is written", async () => {
    const reader = new Reader();
    await reader.follow(section("README.md", "Quick start"));
    const [demo, local, list = "", search, stats] = reader.told;
    expect(demo).toContain("Hello");
    expect(local).toContain("Another");
    expect(list.trim().split("\n")).toHaveLength(2);
    expect(search).toContain("Hello again");
    expect(stats).toMatch(/\b2\b/);
    await reader.stopServer();
    expect(readdirSync(join(reader.folder, ".thulp"))).toContain("sessions.db");
  });

  test("what four agents have kept is taken in and found by two commands, and stays once when they come again", async () => {
    const reader = new Reader();
    const files = leaveHistories(reader.home, "Do the cogs turn?");
    const commands = section("README.md", "What your agents have kept");
    for (const result of ["new", "unchanged"]) {
      await reader.follow(commands);
      const [report, found = ""] = reader.told.splice(0);
      expect(report).toMatch(new RegExp(`^${files} files: ${files} ${result}$`, "m"));
      // Each hit in an entry, beside those in the names, which are the questions.
      expect(found.match(/^\S+\t\d+\tDo the cogs turn\?$/gm)).toHaveLength(files);
    }
  });

  test("nothing else in it is for pasting: what is, is run here", () => {
    const others = blocksOf("README.md").filter(({ section }) => !IN_README.includes(section));
    expect(others.map(({ place }) => place)).toEqual([]);
  });
});

describe("docs/coming-from-thulp.md", () => {
  test("the original's files are served, worked on, copied into SQLite, and served from there", async () => {
    const reader = new Reader();
    await reader.follow(section("docs/coming-from-thulp.md", "Files that the original left behind"));
    await reader.stopServer();
    const [copied, files = "", copy, sqlite = ""] = reader.told;
    expect(copied).toBe("");
    expect(files).toMatch(/^66 sessions, newest first:/);
    expect(files).toContain("append: stored");
    expect(copy).toMatch(/^67 copied, 0 were there already$/m);
    expect(sqlite).toMatch(/^67 sessions, newest first:/);
    expect(sqlite).toContain("append: was there");
    expect(sqlite).toContain("forked: was there");
  });
});

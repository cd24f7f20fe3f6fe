import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid } from "@thulp-sessions/core";
import { expect, it } from "vitest";
import { cli, ok, type RunOptions, tempFolder } from "./harness.ts";

/** A session as `import` takes it, changed so many days ago. */
function datedSession(id: string, name: string, days: number): string {
  const updatedAt = Date.now() - Math.round(days * 86_400_000);
  const sessionType = { type: "agent", agentName: "a" };
  const rest = {
    sessionType,
    createdAt: updatedAt,
    updatedAt,
    status: "active",
    tags: [],
    parentSession: null,
  };
  return `${JSON.stringify({ type: "session", metadata: { id, name, ...rest }, context: {} })}\n`;
}

const dated = (count: number, days: number, name: string) =>
  Array.from({ length: count }, () => datedSession(newUuid(), name, days)).join("");

const YEARS = 365.25;
const FROM_1970 = (Date.now() - 1_000_000) / 86_400_000;

it.each(["fs:dated", "sqlite:dated.db"])(
  "prune deletes nothing of an age that cannot be known (%s)",
  (store) => {
    const at: RunOptions = { cwd: tempFolder(), env: { THULP_SESSIONS_STORE: store } };
    const names = () =>
      ok(at, "list", "--all")
        .split("\n")
        .map((line) => line.split("\t")[1])
        .sort();
    const fill = (...lines: string[]) => ok({ ...at, input: lines.join("") }, "import", "-");
    const prune = (...options: string[]) => cli(at, "prune", ...options);
    // A clock that began in 1970 again, one that is in 2099, and sessions of every second year.
    fill(dated(2, FROM_1970, "1970"), dated(1, -73 * YEARS, "2099"));
    for (const years of [0, 2, 4, 6]) fill(dated(1, years * YEARS, `${years} years`));
    const dry = prune("--older-than", "90d");
    expect(dry.stdout.match(/would delete/g)).toHaveLength(3);
    // As a date: an id may hold any digits.
    expect(dry.stdout).not.toMatch(/\s(?:1970|2099)-/);
    const { code, stderr } = prune("--older-than", "90d", "--yes");
    expect(code).toBe(0);
    expect(stderr).toContain("2 sessions kept");
    expect(stderr).toContain("--before DATE");
    expect(stderr).toContain("1 session kept: dated in the future");
    expect(names()).toEqual(["0 years", "1970", "1970", "2099"]);
    expect(JSON.parse(ok(at, "prune", "--older-than", "90d", "--json"))).toMatchObject({
      sessions: [],
      unknownAge: 3,
    });
    // By their own times, when a person says so.
    ok(at, "prune", "--before", "1971-01-01", "--yes");
    expect(names()).toEqual(["0 years", "2099"]);
  },
);

it("prune believes no clock that is far ahead of everything that was ever written", () => {
  const at: RunOptions = { cwd: tempFolder(), env: { THULP_SESSIONS_STORE: "fs:dated" } };
  ok({ ...at, input: dated(3, 6 * YEARS, "as if today were in six years") }, "import", "-");
  const { code, stdout, stderr } = cli(at, "prune", "--older-than", "90d", "--yes");
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr).toContain("by the clock of this machine");
  expect(ok(at, "list", "--count")).toBe("3");
  // One session of the jumped clock does not make those of before old.
  ok({ ...at, input: dated(1, 0.01, "written since") }, "import", "-");
  expect(cli(at, "prune", "--older-than", "90d", "--yes").stderr).toContain("3 sessions kept");
  expect(cli(at, "prune", "--older-than", "90d", "--before", "2020-01-01")).toMatchObject({ code: 2 });
});

it.each([
  ["fs:dated", []],
  ["fs:dated", ["--vacuum"]],
  ["sqlite:dated.db", ["--vacuum"]],
  ["sqlite:dated.db", ["--deletion", "secure"]],
])("prune leaves nothing in any file of %s with %j", (store, options) => {
  const at: RunOptions = { cwd: tempFolder(), env: { THULP_SESSIONS_STORE: store } };
  ok({ ...at, input: dated(3, 100, "xqsecretzz") }, "import", "-");
  ok(at, "search", "xqsecretzz");
  const report = JSON.parse(ok(at, "prune", "--older-than", "90d", "--yes", "--json", ...options));
  expect(report.sessions).toHaveLength(3);
  if (options.includes("--vacuum"))
    expect(report.vacuum).toEqual({ bytesFreed: expect.any(Number), left: [] });
  const files = readdirSync(at.cwd, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  for (const { parentPath, name } of files)
    expect(readFileSync(join(parentPath, name), "latin1")).not.toContain("secretzz");
});

it("prune --vacuum deletes nothing where there is nothing to vacuum", () => {
  const at: RunOptions = { cwd: tempFolder() };
  const result = cli(at, "prune", "--older-than", "1d", "--yes", "--vacuum", "--store", "http://127.0.0.1:1");
  expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining("Nothing was done") });
});

it("lists show times that no calendar has, and every session once", () => {
  const at: RunOptions = { cwd: tempFolder(), env: { THULP_SESSIONS_STORE: "fs:dated" } };
  const days = [-1, -73 * YEARS, -280_000 * YEARS, FROM_1970, 40 * YEARS];
  for (const each of days) ok({ ...at, input: dated(1, each, "x") }, "import", "-");
  expect(ok(at, "list", "--all", "--reverse").split("\n")).toHaveLength(days.length);
  const times = ok(at, "list", "--all")
    .split("\n")
    .map((line) => line.split("\t")[4]);
  // Beyond what a Date can hold it is the number.
  expect(times[0]).toMatch(/^\d+$/);
  expect(times.slice(1).map((time) => time?.slice(0, 2))).toEqual(["20", "20", "19", "19"]);
});

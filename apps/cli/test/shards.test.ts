import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid } from "@thulp-sessions/core";
import { shardOf } from "@thulp-sessions/core/sharded";
import { expect, it } from "vitest";
import { cli, ok, type RunOptions, start, tempFolder } from "./harness.ts";

/** A folder with lists of shards; the store is the first of them, of three. */
function workspace(): RunOptions {
  const cwd = tempFolder();
  const lists = {
    "three.json": ["sqlite:a0.db", "fs:a1", "sqlite:a2.db"],
    "five.json": [0, 1, 2, 3, 4].map((n) => `sqlite:b${n}.db`),
    "wrong.json": ["sqlite:a2.db", "fs:a1", "sqlite:a0.db"],
  };
  for (const [name, shards] of Object.entries(lists))
    writeFileSync(join(cwd, name), JSON.stringify({ shards }));
  return { cwd, env: { THULP_SESSIONS_STORE: "shards:three.json" } };
}

it("a list of shards is written, read, searched, counted and checked as one store", () => {
  const at = workspace();
  const ids = ["First", "Second", "Third", "Fourth"].map((name) => ok(at, "create", name, "--tag", "ci"));
  for (const id of ids) ok(at, "append", id, `Hello from ${id}`);
  expect(ok(at, "list", "--tag", "ci").split("\n").length).toBeGreaterThanOrEqual(4);
  expect(ok(at, "search", "hello", "--json")).toContain(ids[3]);
  expect(JSON.parse(ok(at, "stats", "--json"))).toMatchObject({ sessions: 4 });
  expect(ok(at, "info")).toContain("4 sessions");
  expect(ok(at, "check")).toBe("4 sessions looked at, nothing is wrong");
  expect(ok(at, "list", "--read-only").split("\n").length).toBeGreaterThanOrEqual(4);
  expect(ok(at, "migrate")).toContain("up to date");
});

it("another order is refused, and says which shard stands where", () => {
  const at = workspace();
  ok(at, "create", "First");
  const { code, stderr } = cli(at, "list", "--store", "shards:wrong.json");
  expect(code).toBe(1);
  expect(stderr).toMatch(/a2\.db is shard 3 of its list, and stands here at place 1/);
});

it("sessions are copied from one store to shards, to other shards, and back", () => {
  const at = workspace();
  for (const name of ["First", "Second", "Third"]) ok(at, "create", name, "--store", "sqlite:one.db");
  expect(ok(at, "copy", "sqlite:one.db", "shards:three.json")).toBe("3 copied, 0 equal");
  expect(ok(at, "copy", "shards:three.json", "shards:five.json")).toBe("3 copied, 0 equal");
  expect(ok(at, "copy", "shards:five.json", "sqlite:back.db", "--on-conflict", "newer")).toBe(
    "3 copied, 0 equal",
  );
  expect(ok(at, "copy", "sqlite:one.db", "sqlite:back.db")).toBe("0 copied, 3 equal");
  expect(ok(at, "backup", "sqlite:all.db")).toContain("3 copied");
});

it("check finds what lies in another shard than its own, and says what mends a shard", () => {
  const at = workspace();
  ok(at, "create", "First");
  let id = newUuid();
  while (shardOf(id as never, 3) === 0) id = newUuid();
  ok(at, "create", "Stray", "--id", id, "--store", "sqlite:a0.db");
  const { code, stdout } = cli(at, "check");
  expect(code).toBe(1);
  expect(stdout).toMatch(new RegExp(`misplaced +${id}: lies in shard 1 of 3`));
  const vacuum = cli(at, "vacuum");
  expect(vacuum).toMatchObject({ code: 2, stderr: expect.stringContaining("one shard at a time") });
});

it("a file of a project names no list: what it opens is only for a flag or the environment", () => {
  const at = workspace();
  writeFileSync(join(at.cwd, "thulp-sessions.config.json"), JSON.stringify({ store: "shards:three.json" }));
  const { code, stderr } = cli({ cwd: at.cwd }, "list");
  expect(code).not.toBe(0);
  expect(stderr).toContain("thulp-sessions.config.json");
});

it("a server serves them, and no command shows a password that the list holds", async () => {
  const at = workspace();
  const id = ok(at, "create", "First");
  const { child, told } = start(at, "serve", "--port", "0");
  await expect.poll(() => told.stdout, { timeout: 20_000 }).toMatch(/http:\/\/\S+/);
  const [url = ""] = /http:\/\/\S+/.exec(told.stdout) ?? [];
  expect(ok(at, "show", id, "--store", url)).toContain("First");
  expect(ok(at, "list", "--store", url)).toContain("First");
  child.kill("SIGTERM");
  const secret = join(at.cwd, "secret.json");
  writeFileSync(secret, JSON.stringify({ shards: ["postgres://me:hunter2@127.0.0.1:1/db"] }));
  chmodSync(secret, 0o600);
  for (const command of [
    ["list"],
    ["info"],
    ["check"],
    ["migrate"],
    ["copy", "shards:secret.json", "sqlite:x.db"],
  ]) {
    const { stdout, stderr } = cli(at, ...command, "--store", "shards:secret.json");
    expect(`${stdout}${stderr}`, command.join(" ")).not.toContain("hunter2");
  }
  rmSync(secret);
});

import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type PostgresServer, startPostgres } from "@thulp-sessions/testing-postgres";
import { afterAll, describe, expect, it } from "vitest";
import { CLAUDE, claudeLine, FILES, machineWith, SESSION } from "./agent-machine.ts";
import { cli, ok, type RunOptions, tempFolder } from "./harness.ts";

const started = await startPostgres();
const isMissing = typeof started === "string";
const server = started as PostgresServer;
afterAll(() => (isMissing ? undefined : server.close()));

describe.skipIf(isMissing)(`a postgres: store${isMissing ? ` (skipped: ${started})` : ""}`, () => {
  let count = 0;
  /** A schema of its own; the password is not asked for here, and has to be shown nowhere. */
  const newUrl = () => `${server.url.replace("postgres@", "postgres:secret@")}?schema=t${count++}`;
  const workspace = (): RunOptions => ({
    cwd: tempFolder(),
    env: { THULP_SESSIONS_STORE: newUrl() },
  });

  it("is written, read, searched and checked", () => {
    const at = workspace();
    const id = ok(at, "create", "First", "--tag", "ci");
    ok(at, "append", id, "Hello from Postgres");
    expect(ok(at, "list", "--tag", "ci")).toContain("First");
    expect(ok(at, "search", "postg*")).toContain(id);
    expect(ok(at, "check")).toBe("1 session looked at, nothing is wrong");
  });

  it("is copied from, and to", () => {
    const at = workspace();
    const [url, other] = [at.env?.["THULP_SESSIONS_STORE"] ?? "", newUrl()];
    const id = ok(at, "create", "First");
    ok(at, "append", id, "Hello");
    expect(ok(at, "copy", url, "sqlite:x.db")).toBe("1 copied, 0 equal");
    expect(ok(at, "copy", "sqlite:x.db", other)).toBe("1 copied, 0 equal");
    expect(ok(at, "copy", other, url)).toBe("0 copied, 1 equal");
  });

  it("is imported into: again without doubles, and what is new when a history has grown", () => {
    const at = { ...machineWith(FILES), ...workspace() };
    const env = { ...at.env, HOME: at.home, USERPROFILE: at.home };
    const here = { cwd: at.cwd, env };
    const run = () => ok(here, "import", "--from", "claude-code", "--yes");
    expect(run()).toMatch(/^2 files: 2 new\n3 entries added, 0 there already/m);
    expect(run()).toMatch(/^2 files: 2 unchanged\n0 entries added, 3 there already/m);
    const path = join(at.home, `${CLAUDE}.jsonl`);
    appendFileSync(path, claudeLine("u4", "and the hands"));
    expect(run()).toMatch(/^1 entry added, 3 there already/m);
    ok(here, "export", SESSION, "--as", "claude-code", "--output", "back");
    const back = join(at.cwd, "back", CLAUDE.slice(".claude/".length));
    expect(readFileSync(`${back}.jsonl`)).toEqual(readFileSync(path));
  });

  it("is not backed up here, and says by what", () => {
    const { code, stderr } = cli(workspace(), "backup", "sqlite:y.db");
    expect(code).toBe(2);
    expect(stderr).toMatch(/pg_dump.*docs\/postgres\.md.*thulp-sessions copy postgres:\S+ sqlite:\S+y\.db/);
  });

  it("is migrated beforehand where nobody may do it while opening", () => {
    const at: RunOptions = { cwd: tempFolder(), env: { THULP_SESSIONS_STORE: `${newUrl()}&migrate=off` } };
    expect(cli(at, "list").stderr).toContain("Run thulp-sessions migrate");
    expect(ok(at, "migrate")).toBe("3 steps applied; the tables are up to date.");
    expect(JSON.parse(ok(at, "migrate", "--json"))).toEqual({ applied: 0 });
    expect(ok(at, "list")).toBe("");
    expect(cli({ cwd: at.cwd }, "migrate").stderr).toContain("migrate is for a postgres: store");
  });

  it("with search=off says that it does not search, and what to do", () => {
    const at = workspace();
    const off = `${at.env?.["THULP_SESSIONS_STORE"]}&search=off`;
    const id = ok(at, "create", "First", "--store", off);
    expect(ok(at, "info", "--store", off)).toMatch(/search +off: searches are refused/);
    const { code, stderr } = cli(at, "search", "First", "--store", off);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/does not search: its URL says search=off\. Take that out/);
    expect(JSON.parse(ok(at, "search", "First", "--json"))).toMatchObject({
      items: [{ sessionId: id, seq: null }],
    });
  });

  it("never shows the password", () => {
    const at = workspace();
    const url = at.env?.["THULP_SESSIONS_STORE"] ?? "";
    ok(at, "create", "First");
    const missing = url.replace("/postgres?", "/nowhere?");
    for (const args of [
      ["info"],
      ["info", "--json"],
      ["copy", url, url],
      ["backup", "sqlite:z.db"],
      ["backup", url],
      ["vacuum"],
      ["restore", url],
      ["recover", url],
      ["repair", "x"],
      ["list", "--store", missing],
      ["list", "--store", url.replace("?schema", "?schem")],
      ["list", "--store", url.replace("postgres:", "postgress:")],
      ["copy", missing, "sqlite:z.db"],
    ]) {
      const { stdout, stderr } = cli(at, ...args);
      expect(stdout + stderr, args.join(" ")).not.toBe("");
      expect(stdout + stderr, args.join(" ")).not.toContain("secret");
    }
  });
});

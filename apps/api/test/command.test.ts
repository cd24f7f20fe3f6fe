import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createClient } from "@thulp-sessions/client";
import { describe, expect, it } from "vitest";
import { command, serving } from "./command-process.ts";
import { CHAT, halfRequest, ID, serve, tempFolder, until, user } from "./harness.ts";

describe("the command", () => {
  it("says what it serves, where, and how to reach it", async () => {
    const cwd = tempFolder();
    const { child, told, url, client, exited } = await serving([], { cwd });
    expect(told.stdout).toContain(
      `sqlite:${join(cwd, ".thulp", "sessions.db")} (0 sessions, durability full)`,
    );
    expect(told.stdout).toContain(`curl ${url}/trpc/sessions.list`);
    expect(told.stdout).toContain(`createClient({ url: "${url}" })`);
    expect(await client.server.info.query()).toMatchObject({ name: "thulp-sessions", durability: "full" });
    child.kill("SIGINT");
    expect(await exited).toMatchObject({ code: 0, signal: null });
    const log = told.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(log).toMatchObject([
      { msg: "started", url },
      { msg: "stopped", clean: true },
    ]);
  });

  it("keeps what was written, whichever store", async () => {
    const cwd = tempFolder();
    for (const store of ["sqlite:deep/x.db", "fs:deep/sessions"]) {
      const first = await serving(["--store", store, "--durability", "relaxed"], { cwd });
      await first.client.sessions.create.mutate({
        id: ID,
        name: "kept",
        sessionType: CHAT,
        entries: [user("hi")],
      });
      first.child.kill("SIGTERM");
      expect((await first.exited).code).toBe(0);
      const second = await serving(["--store", store], { cwd });
      expect(second.told.stdout).toContain("1 session, durability full");
      expect(await second.client.sessions.head.query({ id: ID })).toMatchObject({ entryCount: 1 });
      second.child.kill("SIGTERM");
      expect((await second.exited).code).toBe(0);
    }
  });

  it("serves a store that is not to be written to, and says so", async () => {
    const cwd = tempFolder();
    for (const store of ["sqlite:deep/x.db", "fs:deep/sessions"]) {
      const first = await serving(["--store", store], { cwd });
      await first.client.sessions.create.mutate({ id: ID, name: "kept", sessionType: CHAT });
      first.child.kill("SIGTERM");
      await first.exited;
      const { told, url, client, child, exited } = await serving(["--store", store, "--read-only"], { cwd });
      expect(told.stdout).toContain("(1 session, read only)");
      expect((await client.server.info.query()).capabilities.writable).toBe(false);
      expect((await fetch(`${url}/health`)).status).toBe(200);
      expect(await client.sessions.head.query({ id: ID })).toMatchObject({ metadata: { name: "kept" } });
      await expect(client.sessions.delete.mutate({ id: ID })).rejects.toMatchObject({
        data: { httpStatus: 422, sessionError: { code: "unsupported" } },
      });
      child.kill("SIGTERM");
      expect((await exited).code).toBe(0);
    }
    const env = { THULP_SESSIONS_READ_ONLY: "true", THULP_SESSIONS_STORE: "fs:deep/sessions" };
    const { told, child, exited } = await serving([], { cwd, env });
    expect(told.stdout).toContain("read only");
    child.kill("SIGTERM");
    await exited;
  });

  it("reads the environment, and paths as they were typed", async () => {
    const cwd = tempFolder();
    const env = {
      INIT_CWD: join(cwd, "typed"),
      npm_package_json: join(cwd, "package.json"),
      THULP_SESSIONS_STORE: "fs:here",
      THULP_SESSIONS_TOKEN: "s3cret",
    };
    const { told, url, child, exited } = await serving([], { cwd, env });
    expect(told.stdout).toContain(`fs:${join(cwd, "typed", "here")}`);
    expect(told.stdout).toContain('-H "Authorization: Bearer $TOKEN"');
    await expect(createClient({ url }).server.info.query()).rejects.toThrow("bearer token");
    expect((await createClient({ url, token: "s3cret" }).server.info.query()).sessionCount).toBe(0);
    child.kill("SIGTERM");
    const { stdout, stderr } = await exited;
    expect(stdout + stderr).not.toContain("s3cret");
  });

  it("points at the JSON sessions of the workspace when it serves an empty database beside them", async () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, ".thulp", "sessions"), { recursive: true });
    writeFileSync(join(cwd, ".thulp", "sessions", "notes.json"), "{}");
    expect((await serving([], { cwd })).told.stdout).not.toContain("This store is empty");
    writeFileSync(join(cwd, ".thulp", "sessions", `${ID}.json`), "{}");
    const { told } = await serving(["--store", "sqlite:other.db"], { cwd });
    expect(told.stdout).toContain(
      `holds 1 JSON session. To serve them: npm start -- --store fs:${join(".thulp", "sessions")}.`,
    );
    expect((await serving(["--store", "memory:"], { cwd })).told.stdout).not.toContain("This store is empty");
  });

  it("prints its help and its version", async () => {
    expect(await command(["--help"]).exited).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("--token-file"),
    });
    expect(await command(["--version"]).exited).toMatchObject({ code: 0, stdout: "0.1.0\n", stderr: "" });
  });
});

describe("the command refuses", () => {
  it.each<[string, string[], Record<string, string>, number, RegExp]>([
    ["an unknown flag", ["--prot", "1"], {}, 2, /^thulp-sessions: Unknown option '--prot'.* See --help\.\n$/],
    ["a flag without its value", ["--port"], {}, 2, /argument missing/],
    ["a word too many", ["sqlite:x"], {}, 2, /Unexpected argument 'sqlite:x'/],
    ["a bad port", ["--port", "x"], {}, 2, /^thulp-sessions: --port: "x" is no port/],
    ["a bad variable", [], { THULP_SESSIONS_PORT: "x" }, 2, /THULP_SESSIONS_PORT: "x" is no port/],
    [
      "an unknown variable",
      [],
      { THULP_SESSIONS_STROE: "x" },
      2,
      /THULP_SESSIONS_STROE: there is no such setting/,
    ],
    ["an unknown store", ["--store", "redis://x"], {}, 2, /--store: .*"redis" is unknown/],
    ["a host beyond loopback without a token", ["--host", "0.0.0.0"], {}, 2, /give a token too/],
    [
      "a store that cannot be opened",
      ["--store", "sqlite:/dev/null/x.db"],
      {},
      1,
      /^thulp-sessions: .*\/dev\/null/,
    ],
    ["a folder that cannot be made", ["--store", "fs:/dev/null/x"], {}, 1, /^thulp-sessions: .*\/dev\/null/],
    [
      "a server that is not there",
      ["--store", "http://127.0.0.1:1"],
      {},
      1,
      /Cannot reach the server http:\/\/127\.0\.0\.1:1/,
    ],
  ])("%s, in one line", async (_, args, env, code, message) => {
    const result = await command(args, { env }).exited;
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toMatch(message);
    expect(result.stderr.trim().split("\n")).toHaveLength(1);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  it("a port that is taken", async () => {
    const { server } = await serve();
    const cwd = tempFolder();
    const result = await command(["--port", `${server.port}`], { cwd }).exited;
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toBe(
      `thulp-sessions: Port ${server.port} on 127.0.0.1 is taken: another server runs there. Stop it, or choose another with --port.\n`,
    );
    expect(existsSync(join(cwd, ".thulp"))).toBe(true);
  });

  it("a file of a cloned repository that would send sessions elsewhere", async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, "thulp-sessions.config.json"), '{ "store": "http://evil.example" }');
    expect(await command([], { cwd }).exited).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("a remote store takes effect only from a flag or the environment"),
    });
  });
});

describe("stopping", () => {
  it("answers what is under way, ends subscriptions, and closes the store", async () => {
    const cwd = tempFolder();
    const { child, client, url, exited } = await serving(["--store", "sqlite:x.db"], { cwd });
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
    const port = Number(new URL(url).port);
    const live = await openStream(port, `/trpc/entries.subscribe?input={"id":"${ID}"}`);
    await live.hasTold("connected");

    // A request of which the server has the first half when it is told to stop.
    const body = JSON.stringify({ id: ID, entries: [user("under way")] });
    const half = await halfRequest(url, "/trpc/entries.append", body);
    child.kill("SIGTERM");
    await live.ended;
    expect(live.told()).not.toContain("event: return");
    half.finish();
    expect(await half.answered).toContain("HTTP/1.1 200 OK");
    expect(await exited).toMatchObject({ code: 0, signal: null });

    const again = await serving(["--store", "sqlite:x.db"], { cwd });
    expect(await again.client.sessions.head.query({ id: ID })).toMatchObject({ entryCount: 1 });
  });

  it.each(["sqlite", "fs"])(
    "loses no call that it has answered, under load, and is gone in the time that it says: %s",
    async (kind) => {
      const cwd = tempFolder();
      const { child, client, url, exited } = await serving(["--store", `${kind}:store`], { cwd });
      await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT });
      const live = await openStream(
        Number(new URL(url).port),
        `/trpc/entries.subscribe?input={"id":"${ID}"}`,
      );
      await live.hasTold("connected");
      const acknowledged: string[] = [];
      const impatient = createClient({ url, retryForMs: 0 });
      const writer = async (name: string) => {
        for (let n = 0; ; n++) {
          const entries = [user(`${name} ${n}`)];
          const answer = await impatient.entries.append.mutate({ id: ID, entries });
          acknowledged.push(...answer.entries.map(({ id }) => id));
        }
      };
      const writers = Array.from({ length: 32 }, (_, n) => writer(`${n}`).catch(() => {}));
      await until(() => acknowledged.length > 200, "the writers write");
      const told = performance.now();
      child.kill("SIGTERM");
      expect((await exited).code).toBe(0);
      // What apps/api/README.md says: 10 seconds for the requests under way, 5 for the store.
      expect(performance.now() - told).toBeLessThan(15_000);
      await Promise.all(writers);
      await live.ended;
      expect(live.told()).not.toMatch(/event: (?:return|serialized-error)/);
      const again = await serving(["--store", `${kind}:store`], { cwd });
      const { entries } = await again.client.sessions.get.query({ id: ID });
      const stored = new Map<string, number>();
      for (const { id } of entries) stored.set(id, (stored.get(id) ?? 0) + 1);
      expect(acknowledged.filter((id) => stored.get(id) !== 1)).toEqual([]);
    },
  );

  it("does not wait for a connection that nobody has used yet", async () => {
    // Browsers and Node's fetch open some in advance; the first answer may find them unused when the server
    // is told to stop.
    const { child, url, exited } = await serving(["--store", "memory:"]);
    const unused = connect(Number(new URL(url).port), "127.0.0.1");
    await once(unused, "connect");
    child.kill("SIGTERM");
    // Code 1 would say that something had to be cut off after the ten seconds.
    expect(await exited).toMatchObject({ code: 0, signal: null });
  });

  it("does not wait when it is signalled twice", async () => {
    const { child, url, exited } = await serving(["--store", "memory:"]);
    await halfRequest(url, "/trpc/sessions.create", "{       }");
    child.kill("SIGINT");
    await until(async () => !(await reachable(url)), "it takes no more connections");
    expect(child.exitCode).toBeNull();
    child.kill("SIGINT");
    expect((await exited).code).toBe(1);
  });
});

async function reachable(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const answered = await Promise.race([
    once(socket, "connect").then(() => true),
    once(socket, "error").then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return answered;
}

/** An event stream as it comes over the wire. */
async function openStream(port: number, path: string) {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  return {
    told: () => text,
    hasTold: (part: string) => until(() => text.includes(part), `the stream says ${part}`),
    ended: once(socket, "close"),
  };
}

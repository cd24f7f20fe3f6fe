import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { cli, NO_TERMINAL, ok, onTerminal, type RunOptions, start, tempFolder } from "./harness.ts";

const A = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
const B = "0190a3c5-8000-7c3a-9d4f-2a6b8c0d1e30";

/** Sets the title of the window, turns red, clears; turns the direction; hides; a line of its own. */
const HOSTILE =
  "x\u001b]0;title\u0007\u001b[31m\u001b[2J\u009b31m\u007f\u202e\u2066\u200b\u{e0041}\r\nthulp-sessions: a line";

/** What no terminal may get. Of a message also no second line. */
const OBEYED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal obeys these; none may reach it.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\u{e0000}-\u{e0fff}]/u;

/** The same where colours are on: our own styles are no danger. */
function withoutStyles(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: our own styles begin with ESC.
  return text.replaceAll(/\u001b\[(?:1|2|22|3[1-6]|39)m/g, "");
}

/** A store in which everything that can be is hostile, a damaged session and a foreign file among it. */
function hostileStore(): RunOptions {
  const cwd = tempFolder();
  const at = { cwd, env: { THULP_SESSIONS_STORE: "fs:s" } };
  mkdirSync(join(cwd, "s"));
  const metadata = {
    id: A,
    name: HOSTILE,
    session_type: { type: "agent", agent_name: HOSTILE },
    created_at: 1_700_000_000_000,
    updated_at: 1_700_000_000_000,
    status: "active",
    tags: [HOSTILE],
  };
  const entry = (id: string, entry_type: object, content: unknown) => ({
    id,
    timestamp: 1,
    entry_type,
    content,
  });
  const entries = [
    entry(A, { type: "user_message" }, { text: `findme ${HOSTILE}` }),
    entry(B, { type: "tool_call", tool_name: HOSTILE, success: true }, { [HOSTILE]: HOSTILE }),
  ];
  const session = { metadata, entries, context: { [HOSTILE]: HOSTILE } };
  writeFileSync(join(cwd, "s", `${A}.json`), JSON.stringify(session));
  const damaged = { ...session, metadata: { ...metadata, id: B, session_type: { type: HOSTILE } } };
  writeFileSync(join(cwd, "s", `${B}.json`), JSON.stringify(damaged));
  if (process.platform !== "win32") writeFileSync(join(cwd, "s", "n\u001b]0;title\u0007\u001b[31m.txt"), "");
  writeFileSync(join(cwd, "evil.json"), HOSTILE);
  writeFileSync(join(cwd, "evil.jsonl"), JSON.stringify({ type: HOSTILE, [HOSTILE]: 1 }));
  return at;
}

const COMMANDS: readonly (readonly string[])[] = [
  ["list"],
  ["list", "--group-by", "tag"],
  ["list", "--group-by", "agentName"],
  ["check"],
  ["show", A],
  ["show", A, "--raw"],
  ["show", A, "--full"],
  ["show", B],
  ["tail", A],
  ["search", "findme"],
  ["stats"],
  ["tree", A],
  ["tag", A],
  ["copy", "fs:s", "fs:copy"],
  ["export", A, "--format", "markdown"],
  ["import", "evil.json"],
  ["import", "evil.jsonl"],
  ["append", A, "--jsonl", "evil.jsonl"],
  ["delete", A, "--dry-run"],
  ["rename", A.slice(0, 13), "x"],
  ["rewind", A, "0"],
  ["prune", "--older-than", "1d"],
  ["show", `${HOSTILE}`],
  ["list", `--${HOSTILE}`],
  ["list", "--where", `{"${HOSTILE}":1}`],
  ["info", "--store", `fs:${HOSTILE}`],
  ["info", "--store", HOSTILE],
  ["__complete", "show", ""],
];

describe("nothing that was stored, read or typed is obeyed", () => {
  it.each(COMMANDS.map((args) => [args.join(" "), args] as const))("into a pipe: %j", (_, args) => {
    const { stdout, stderr } = cli(hostileStore(), ...args);
    expect(stdout + stderr).not.toMatch(OBEYED);
    expect(stdout + stderr).not.toBe("");
  });

  it.skipIf(NO_TERMINAL)("on a terminal, and --json and --jsonl there escape it and mean the same", () => {
    const at = hostileStore();
    for (const args of [["list"], ["show", A], ["check"], ["search", "findme"], ["tail", A]]) {
      const { stdout } = onTerminal(at, {}, ...args);
      expect(withoutStyles(stdout)).not.toMatch(OBEYED);
      expect(stdout).toContain("\u001b[");
    }
    for (const args of [
      ["list", "--json"],
      ["list", "--jsonl"],
      ["show", A, "--json"],
      ["show", A, "--jsonl"],
      ["tail", A, "--jsonl"],
      ["prune", "--older-than", "1d", "--jsonl"],
      ["export", A],
      ["export", A, "--format", "jsonl"],
    ]) {
      const { stdout } = onTerminal(at, {}, ...args);
      const plain = withoutStyles(stdout);
      expect(plain).not.toMatch(OBEYED);
      const json = plain.replaceAll(/^(?:warning:|\d+ sessions?, about).*$/gm, "").trim();
      const parsed = args.includes("--jsonl") || args.includes("jsonl") ? json.split("\n") : [json];
      const values = parsed.map((line) => JSON.parse(line));
      expect(JSON.stringify(values)).toContain(JSON.stringify(HOSTILE).slice(1, -1));
    }
  });

  it("JSON into a pipe is as it was stored", () => {
    const [listed] = ok(hostileStore(), "list", "--jsonl").split("\n");
    expect(listed).toContain("\u009b31m\u007f\u202e");
  });

  it("a message stays one line, whatever is in it", () => {
    const { stderr } = cli(hostileStore(), "show", B);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toContain("␛]0;title␇");
  });

  it("of a configuration file", () => {
    const cwd = tempFolder();
    for (const config of [{ store: HOSTILE }, { [HOSTILE]: 1 }, { store: "fs:x", host: HOSTILE }]) {
      writeFileSync(join(cwd, "thulp-sessions.config.json"), JSON.stringify(config));
      const { stderr, code } = cli({ cwd }, "list");
      expect(code).toBe(2);
      expect(stderr).not.toMatch(OBEYED);
    }
  });
});

describe("a hostile server", () => {
  /** Answers every call alike; `server.info` as a server does, with what is given. */
  async function server(answer: (path: string) => { status: number; body: unknown }): Promise<RunOptions> {
    const serving = createServer((request, response) => {
      const path = request.url?.split("?")[0]?.slice("/trpc/".length) ?? "";
      const { status, body } = answer(path);
      const isBatch = request.url?.includes("batch=1");
      response.writeHead(status, { "content-type": "application/json" });
      request.resume().on("end", () => response.end(JSON.stringify(isBatch ? [body] : body)));
    });
    await new Promise<void>((resolve) => serving.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void serving.close());
    const { port } = serving.address() as AddressInfo;
    return { cwd: tempFolder(), env: { THULP_SESSIONS_STORE: `http://127.0.0.1:${port}` } };
  }

  const capabilities = { persistent: true, shared: true, exactNumbers: false };
  const info = {
    name: HOSTILE,
    version: HOSTILE,
    store: HOSTILE,
    durability: HOSTILE,
    startedAt: 1,
    capabilities,
  };
  const refusal = {
    error: {
      message: HOSTILE,
      code: -32600,
      data: {
        code: "BAD_REQUEST",
        sessionError: { code: "invalid_input", message: HOSTILE, details: { path: HOSTILE } },
      },
    },
  };

  async function said(at: RunOptions, ...args: string[]): Promise<string> {
    const { told, ended } = start(at, ...args);
    await ended;
    return told.stdout + told.stderr;
  }

  it("sends messages that are shown, not obeyed, in one line", async () => {
    const at = await server((path) =>
      path === "server.info"
        ? { status: 200, body: { result: { data: info } } }
        : { status: 400, body: refusal },
    );
    for (const args of [["list"], ["show", A], ["append", A, "x"]]) {
      const text = await said(at, ...args);
      expect(text).not.toMatch(OBEYED);
      expect(text).toContain("␛]0;title␇");
      expect(text.trimEnd().split("\n")).toHaveLength(1);
    }
  });

  it("says of itself what is shown, not obeyed", async () => {
    const at = await server((path) => ({
      status: 200,
      body: { result: { data: path === "server.info" ? info : 0 } },
    }));
    const text = await said(at, "info");
    expect(text).not.toMatch(OBEYED);
    expect(text).toContain("␛]0;title␇");
  });
});

it("a name of which nothing is to be seen says so, or what is in it", () => {
  const at = { cwd: tempFolder(), env: { THULP_SESSIONS_STORE: "fs:s" } };
  ok(at, "create", "\u3000 ", "--id", A);
  ok(at, "create", "\u200b\u2800", "--id", B);
  expect(ok(at, "show", A).split("\n")[0]).toBe("(no name)");
  expect(ok(at, "show", B).split("\n")[0]).toBe("<U+200B><U+2800>");
  expect(ok(at, "delete", A, "--dry-run")).toContain("(no name)");
  expect(cli(at, "rename", A.slice(0, 13), "x").stderr).toContain("(no name)");
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { describe, expect, it, onTestFinished } from "vitest";
import { cli, MAIN, ok, tempFolder } from "./harness.ts";

/** A client that starts the command, as an agent does. */
async function agent(cwd: string, ...options: readonly string[]) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [MAIN, "mcp", ...options],
    cwd,
    env: { PATH: process.env["PATH"] ?? "", THULP_SESSIONS_STORE: "fs:s" },
    stderr: "pipe",
  });
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  onTestFinished(() => client.close());
  const call = async (name: string, args: Record<string, unknown>) =>
    (await client.callTool({ name, arguments: args })).structuredContent as Record<string, never>;
  return { client, transport, call };
}

describe("mcp", () => {
  it("lets an agent keep a session and find it again in another process", async () => {
    const cwd = tempFolder();
    const writer = await agent(cwd, "--write");
    const { id } = await writer.call("create_session", {
      name: "Kept",
      entries: [{ type: "user_message", content: { text: "Where does the parser fail?" } }],
    });
    await writer.client.close();
    const reader = await agent(cwd);
    expect(await reader.call("search_sessions", { text: "parser" })).toMatchObject({
      hits: [{ session_id: id, seq: 0 }],
    });
    expect(ok({ cwd, env: { THULP_SESSIONS_STORE: "fs:s" } }, "list")).toContain("Kept");
  });

  it("shows an imported session as what was said, its records only where they are asked for", async () => {
    const cwd = tempFolder();
    const record = (uuid: string, type: string, content: unknown) =>
      `${JSON.stringify({ type, uuid, timestamp: "2026-03-01T09:00:00Z", message: { role: type, content } })}\n`;
    const note = `${JSON.stringify({ type: "file-history-snapshot", snapshot: {} })}\n`;
    const call = [{ type: "tool_use", id: "t1", name: "Bash", input: { command: "ls" } }];
    const text = record("u1", "user", "List it") + note + record("a1", "assistant", call);
    writeFileSync(join(cwd, "3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5b.jsonl"), text);
    ok({ cwd, env: { THULP_SESSIONS_STORE: "fs:s" } }, "import", "--from", "claude-code", cwd);
    const reader = await agent(cwd);
    const read = (more: object) =>
      reader.call("read_session", { id: "3b0f6c1e-52a1-4d0e-9a77-0c1d2e3f4a5b", ...more });
    expect(await read({})).toMatchObject({
      name: "List it",
      entries: [{ content: "List it" }, { content: '→ Bash {"command":"ls"}' }],
      notes: 1,
    });
    expect(await read({ raw: true })).toMatchObject({
      entries: [{ content: { record: { uuid: "u1" } } }, {}, { content: { record: { uuid: "a1" } } }],
    });
  });

  it("ends when the agent goes, and writes nothing of its own to its output", async () => {
    const cwd = tempFolder();
    ok({ cwd, env: { THULP_SESSIONS_STORE: "fs:s" } }, "create", "one");
    // An input that is at its end: nobody asks anything.
    const { code, stdout } = cli({ cwd, env: { THULP_SESSIONS_STORE: "fs:s" }, input: "" }, "mcp");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  it("makes no store to read from, and refuses what is no option", () => {
    const at = { cwd: tempFolder(), env: { THULP_SESSIONS_STORE: "fs:s" }, input: "" };
    expect(cli(at, "mcp")).toMatchObject({ code: 1, stderr: expect.stringContaining("fs:") });
    expect(cli(at, "mcp", "--max-chars", "10")).toMatchObject({ code: 2 });
  });
});

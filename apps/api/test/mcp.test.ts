import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { CHAT, ID, send, serve, user } from "./harness.ts";

/** A client that calls as an agent does. */
async function agent(url: string, headers: Readonly<Record<string, string>> = {}) {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }),
  );
  onTestFinished(() => client.close());
  return client;
}

const toolNames = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);

const LIST = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} });

/** The status of a request as an agent sends it, but for what is given. */
async function statusOf(
  url: string,
  { headers = {}, body = LIST, method = "POST" }: Parameters<typeof send>[1] = {},
): Promise<number> {
  const own = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const { status } = await send(url, { path: "/mcp", method, headers: { ...own, ...headers }, body });
  return status;
}

describe("/mcp", () => {
  it("lets an agent find and read what the API has stored", async () => {
    const { url, client: api } = await serve();
    const { metadata } = await api.sessions.create.mutate({
      name: "Fix the build",
      sessionType: CHAT,
      entries: [user("The parser test fails.")],
    });
    const client = await agent(url);
    const { structuredContent } = await client.callTool({
      name: "search_sessions",
      arguments: { text: "parser" },
    });
    expect(structuredContent).toMatchObject({ hits: [{ session_id: metadata.id, seq: 0 }] });
    expect(await toolNames(client)).toHaveLength(4);
  });

  it("lets an agent read an imported session as what was said", async () => {
    const { url, client: api } = await serve();
    const source = { agent: "claude-code", session: "s" };
    const record = { type: "user", message: { role: "user", content: "Count the cogs" } };
    const { metadata } = await api.sessions.create.mutate({
      name: "Cogs",
      sessionType: CHAT,
      tags: ["agent:claude-code"],
      entries: [{ ...user(""), content: { source, record } }],
    });
    const { structuredContent } = await (await agent(url)).callTool({
      name: "read_session",
      arguments: { id: metadata.id },
    });
    expect(structuredContent).toMatchObject({ entries: [{ content: "Count the cogs" }], notes: 0 });
  });

  it("lets an agent write only where the server was started so and its store can be written to", async () => {
    const { url, client: api } = await serve({ mcp: "write" });
    const client = await agent(url);
    await client.callTool({ name: "create_session", arguments: { name: "kept" } });
    expect(await api.sessions.list.query({})).toMatchObject({ items: [{ name: "kept" }] });
    const readOnly = await serve({ store: new MemoryStore({ readOnly: true }), mcp: "write" });
    expect(await toolNames(await agent(readOnly.url))).toHaveLength(4);
  });

  it("logs a fault of the server's own, of which the agent learns nothing", async () => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(line) });
    const store = new MemoryStore();
    store.head = () => Promise.reject(new TypeError("inner workings"));
    const client = await agent((await serve({ store, logger })).url);
    const answer = await client.callTool({ name: "get_session", arguments: { id: ID } });
    expect(answer.isError).toBe(true);
    expect(JSON.stringify(answer)).not.toContain("inner workings");
    expect(lines.filter((line) => line.includes("inner workings"))).toHaveLength(1);
  });

  it("is nowhere where it was turned off", async () => {
    const { url } = await serve({ mcp: "off" });
    expect(await statusOf(url)).toBe(404);
  });

  it("asks for the token, which a page's is no way around", async () => {
    const { server, url } = await serve({ token: "secret-token", mcp: "write" });
    expect(await statusOf(url)).toBe(401);
    expect(await statusOf(url, { headers: { authorization: "Bearer other" } })).toBe(401);
    expect(await toolNames(await agent(url, { authorization: "Bearer secret-token" }))).toContain(
      "create_session",
    );
    const [, code] = /#c=(.+)$/.exec(server.viewer?.newAddress() ?? "") ?? [];
    const { json } = await send(url, {
      path: "/viewer/token",
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    const { token } = json as { token: string };
    expect(await toolNames(await agent(url, { authorization: `Bearer ${token}` }))).not.toContain(
      "create_session",
    );
  });

  it("takes nothing from other sites, other names, other types, and no method but POST", async () => {
    const { url } = await serve();
    expect(await statusOf(url)).toBe(200);
    expect(await statusOf(url, { headers: { host: "evil.example" } })).toBe(403);
    expect(await statusOf(url, { headers: { origin: "http://evil.example" } })).toBe(403);
    expect(await statusOf(url, { headers: { "sec-fetch-site": "cross-site" } })).toBe(403);
    expect(await statusOf(url, { headers: { "content-type": "text/plain" } })).toBe(415);
    for (const method of ["GET", "DELETE", "PUT"])
      expect(await statusOf(url, { method, body: "" })).toBe(405);
  });

  it("refuses a body that is too large, too costly or no JSON, and goes on", async () => {
    const { url } = await serve({ maxBodyBytes: 10_000_000 });
    expect(await statusOf(url, { body: " ".repeat(10_000_001) })).toBe(413);
    expect(await statusOf(url, { body: `[${"[],".repeat(600_000)}[]]` })).toBe(400);
    expect(await statusOf(url, { body: "{" })).toBe(400);
    expect(await statusOf(url)).toBe(200);
  });
});

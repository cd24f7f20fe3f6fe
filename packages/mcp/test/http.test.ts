import { SessionManager } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { expect, onTestFinished, test } from "vitest";
import { mcpFetchHandler } from "../src/index.ts";

const REVISION = "2026-07-28";

function handler() {
  const faults: Error[] = [];
  const store = new MemoryStore();
  const served = mcpFetchHandler(new SessionManager(store), { onError: (error) => faults.push(error) });
  onTestFinished(() => served.close());
  /** Sends a request of the newest revision, with other headers where they are given. */
  const send = (method: string, params: object = {}, headers: Readonly<Record<string, string>> = {}) => {
    const meta = {
      "io.modelcontextprotocol/protocolVersion": headers["mcp-protocol-version"] ?? REVISION,
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    return served.fetch(
      new Request("http://server/mcp", {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          "mcp-protocol-version": REVISION,
          "mcp-method": method,
          ...headers,
        },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta } }),
      }),
    );
  };
  return { store, faults, send };
}

test("who listens for changes of lists, of which there are none, is told so and not kept waiting", async () => {
  const { send } = handler();
  const notifications = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
  const response = await send("subscriptions/listen", { notifications });
  // Reads to the end of the stream.
  const text = await response.text();
  expect(text).toContain('"method":"notifications/subscriptions/acknowledged"');
  expect(text).toContain('"notifications":{}');
  expect(text).toContain('"resultType":"complete"');
});

test("onError is called with faults, and not with requests that are refused in words", async () => {
  const { store, faults, send } = handler();
  expect((await send("tools/list", {}, { "mcp-method": "prompts/list" })).status).toBe(400);
  expect((await send("tools/list", {}, { "mcp-protocol-version": "2099-01-01" })).status).toBe(400);
  expect(faults).toEqual([]);
  store.head = () => Promise.reject(new TypeError("inner workings"));
  const id = "00000000-0000-4000-8000-000000000001";
  const call = { name: "get_session", arguments: { id } };
  expect(await (await send("tools/call", call, { "mcp-name": call.name })).text()).not.toContain("inner");
  expect(faults.map(({ message }) => message)).toEqual(["inner workings"]);
});

import { Client } from "@modelcontextprotocol/client";
import { InMemoryTransport } from "@modelcontextprotocol/server";
import { SessionManager } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { onTestFinished } from "vitest";
import { createMcpServer, type McpOptions } from "../src/index.ts";

export interface Connected {
  readonly client: Client;
  readonly manager: SessionManager;
  /** What a tool answers, as a value; its text says the same. */
  call(name: string, args?: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** The text with which a tool refuses. */
  refusal(name: string, args?: Record<string, unknown>): Promise<string>;
}

/** A client of a server over a manager, which is of a new memory store when absent. */
export async function connect(
  options: McpOptions = {},
  manager = new SessionManager(new MemoryStore()),
): Promise<Connected> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const server = createMcpServer(manager, options);
  const client = new Client({ name: "test", version: "1" });
  await server.connect(theirs);
  await client.connect(ours);
  onTestFinished(async () => {
    await client.close();
    await server.close();
  });
  const answer = async (name: string, args: Record<string, unknown>) => {
    const result = await client.callTool({ name, arguments: args });
    const [block] = result.content;
    return { result, text: block?.type === "text" ? block.text : "" };
  };
  return {
    client,
    manager,
    call: async (name, args = {}) => {
      const { result, text } = await answer(name, args);
      if (result.isError) throw new Error(text);
      const value = result.structuredContent as Record<string, unknown>;
      if (text !== JSON.stringify(value)) throw new Error("the text says something else than the value");
      return value;
    },
    refusal: async (name, args = {}) => {
      const { result, text } = await answer(name, args);
      if (!result.isError) throw new Error(`${name} did not refuse: ${text}`);
      return text;
    },
  };
}

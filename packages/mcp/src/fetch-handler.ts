import { createMcpHandler, ProtocolError } from "@modelcontextprotocol/server";
import type { SessionManager } from "@thulp-sessions/core";
import { createMcpServer } from "./create-mcp-server.ts";
import { checkOptions, type McpOptions } from "./mcp-options.ts";

/** Serves MCP over HTTP: to be called with each request of one path, after access was checked. */
export interface McpFetchHandler {
  fetch(request: Request): Promise<Response>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/**
 * MCP over HTTP, one server for each request: nothing is kept between them.
 *
 * @throws {TypeError} as `createMcpServer`.
 */
export function mcpFetchHandler(manager: SessionManager, options: McpOptions = {}): McpFetchHandler {
  const checked = checkOptions(options);
  const handler = createMcpHandler(() => createMcpServer(manager, checked), {
    onerror: (error) => {
      if (!isToldToAgent(error)) checked.onError(error);
    },
  });
  return { fetch: (request) => handler.fetch(request), close: () => handler.close() };
}

/** Whether an error is a request's own, which was answered with it: a header that names another method. */
function isToldToAgent(error: Error): boolean {
  return error instanceof ProtocolError || error.message.startsWith("Rejected inbound request");
}

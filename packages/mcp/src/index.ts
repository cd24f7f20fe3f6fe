export { createMcpServer } from "./create-mcp-server.ts";
export { type McpFetchHandler, mcpFetchHandler } from "./fetch-handler.ts";
export type { McpOptions } from "./mcp-options.ts";
export { type ServedStdio, serveStdio } from "./serve-stdio.ts";

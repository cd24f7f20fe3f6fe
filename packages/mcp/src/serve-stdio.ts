import type { Readable, Writable } from "node:stream";
import { StdioServerTransport, serveStdio as serve } from "@modelcontextprotocol/server/stdio";
import type { SessionManager } from "@thulp-sessions/core";
import { createMcpServer } from "./create-mcp-server.ts";
import { checkOptions, type McpOptions } from "./mcp-options.ts";

/** A server that reads requests from a stream and answers on another. */
export interface ServedStdio {
  /** Resolves when the client has closed its end, or `close` was called. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves MCP over standard input and output, which are the protocol's from then on: everything else has to be
 * written to standard error.
 *
 * @throws {TypeError} as `createMcpServer`.
 */
export function serveStdio(
  manager: SessionManager,
  options: McpOptions & {
    /** `process.stdin` when absent. */
    readonly input?: Readable | undefined;
    /** `process.stdout` when absent. */
    readonly output?: Writable | undefined;
  } = {},
): ServedStdio {
  const { input = process.stdin, output = process.stdout, ...serverOptions } = options;
  const checked = checkOptions(serverOptions);
  const ended = new Promise<void>((resolve) => {
    for (const event of ["end", "close", "error"]) input.once(event, () => resolve());
  });
  const handle = serve(() => createMcpServer(manager, checked), {
    transport: new StdioServerTransport(input, output),
    onerror: checked.onError,
  });
  return { ended, close: () => handle.close() };
}

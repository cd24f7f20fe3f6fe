// Longer than most files: all options of a server, and how its parts are put together.

import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { isLoopback } from "@thulp-sessions/config";
import {
  SessionError,
  SessionManager,
  type SessionManagerOptions,
  type SessionStore,
} from "@thulp-sessions/core";
import type { Durability } from "@thulp-sessions/core/store";
import { invalidInput } from "@thulp-sessions/core/store";
import type { CallHook } from "@thulp-sessions/router";
import { Access, isWildcard } from "./http/access.ts";
import { answerClientError } from "./http/client-error.ts";
import { StoreHealth } from "./http/health.ts";
import { RequestHandler } from "./http/request-handler.ts";
import { AdmissionControl } from "./limits/admission-control.ts";
import { OpenStreams } from "./limits/open-streams.ts";
import { McpRoute } from "./mcp/mcp-route.ts";
import { type Logger, silentLogger } from "./metrics/log.ts";
import { around, Metrics } from "./metrics/metrics.ts";
import { VERSION } from "./version.ts";
import { openViewer, viewerAddress } from "./viewer/open-viewer.ts";
import { PageTokens } from "./viewer/page-tokens.ts";

/** An entry may take 16 MiB; a request holds a few of them. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/**
 * How many writes may wait at the same time, and how many bytes the bodies of all requests may have together.
 */
const MAX_WAITING_WRITES = 1024;
const MAX_WAITING_BYTES = 256 * 1024 * 1024;

const MAX_SUBSCRIPTIONS = 10_000;

/** How long a request may take to arrive, in milliseconds. */
const REQUEST_TIMEOUT_MS = 120_000;

/** How long stopping waits for the requests under way, in milliseconds. */
const STOP_TIMEOUT_MS = 10_000;

/** And then for the store, which may be waiting for another process. */
const CLOSE_TIMEOUT_MS = 5000;

export interface ServerOptions {
  /** Is the server's from now on: stopping closes it. */
  readonly store: SessionStore;
  /** 127.0.0.1 when absent. Beyond loopback a token is needed. */
  readonly host?: string | undefined;
  /** 4664 when absent; 0 for any that is free. */
  readonly port?: number | undefined;
  /** What every call has to bring as a bearer token. */
  readonly token?: string | undefined;
  /** Web origins that may call beside the server's own, e.g. `http://localhost:3000`. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Names by which the server may be called beside its own, e.g. that of its container. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** What `server.info` says; the store was opened with it. */
  readonly durability?: Durability | undefined;
  /** For the `SessionManager` behind the API. */
  readonly manager?: Omit<SessionManagerOptions, "onWarning"> | undefined;
  /** None when absent. */
  readonly logger?: Logger | undefined;
  /** How large a request may be, in bytes; 32 MiB when absent. */
  readonly maxBodyBytes?: number | undefined;
  /** How many writes may wait; above it the server answers `busy`. 1024 when absent. */
  readonly maxWaitingWrites?: number | undefined;
  /** How many bytes the bodies of all requests under way may have together; 256 MiB when absent. */
  readonly maxWaitingBytes?: number | undefined;
  /** How many subscriptions may be open; 10,000 when absent. */
  readonly maxSubscriptions?: number | undefined;
  /** Stands around every call of the API, e.g. to make spans of a trace. */
  readonly hook?: CallHook | undefined;
  /**
   * Whether `/metrics` reports the process too, beyond the server; for the process's only server. False when
   * absent.
   */
  readonly processMetrics?: boolean | undefined;
  /**
   * Whether the page to look at sessions with is served; true when absent. A text is the folder of another
   * build of it.
   */
  readonly viewer?: boolean | string | undefined;
  /** Whether calls of that page may change sessions; false when absent. */
  readonly viewerWrites?: boolean | undefined;
  /**
   * What agents may do over MCP, at `/mcp`: `read` when absent; `write` also to create, append to, fork and
   * change sessions; `off` takes the path away.
   */
  readonly mcp?: "off" | "read" | "write" | undefined;
}

/** The page that a server serves. */
export interface ServedViewer {
  /** Why there is none all the same: it was not built, or is damaged. `null` where it is there. */
  readonly problem: string | null;
  /**
   * An address to open in a browser. Where the server has a token, a new code that lets the page in stands in
   * its fragment; it is good once, for ten minutes.
   */
  newAddress(): string;
}

export interface RunningServer {
  /** Where it is reached, e.g. `http://127.0.0.1:4664`. */
  readonly url: string;
  readonly port: number;
  readonly manager: SessionManager;
  /** `null` where it is left out. */
  readonly viewer: ServedViewer | null;
  /**
   * Takes no more connections, answers the requests under way, ends the subscriptions and closes the store.
   * May be called again. Resolves at the latest 5 seconds after `timeoutMs`.
   *
   * @param timeoutMs what is not answered by then is cut off; 10 seconds when absent.
   * @returns false when something had to be cut off, or the store could not be closed in time.
   */
  stop(timeoutMs?: number): Promise<boolean>;
}

/**
 * Serves a store over HTTP.
 *
 * Longer than most functions: each part of the server is made here once, in the order in which they rest on
 * each other.
 *
 * @throws {SessionError} invalid_input for options that would let in other machines without a token; io when
 * the address cannot be had.
 *   The store is then still the caller's.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const {
    store,
    host = "127.0.0.1",
    port = 4664,
    token,
    allowedOrigins = [],
    allowedHosts = [],
    logger = silentLogger(),
  } = options;
  if (!isLoopback(host) && token === undefined) {
    throw invalidInput(
      `Listening on ${host} lets in other machines: give a token too (--token-file), or listen on 127.0.0.1.`,
      { field: "host" },
    );
  }
  const manager = new SessionManager(store, {
    ...options.manager,
    onWarning: (warning) => logger.warn({ warning }, "the store warns"),
  });
  const streams = new OpenStreams(options.maxSubscriptions ?? MAX_SUBSCRIPTIONS);
  const admission: AdmissionControl = new AdmissionControl({
    maxWrites: options.maxWaitingWrites ?? MAX_WAITING_WRITES,
    maxBytes: options.maxWaitingBytes ?? MAX_WAITING_BYTES,
    onGroup: (size) => metrics.group(size),
  });
  const metrics = new Metrics(
    { waitingWrites: () => admission.waiting, subscriptionsByPath: () => streams.countByPath() },
    options.processMetrics ?? false,
  );
  const tokens = new PageTokens();
  const access = new Access({ host, token, allowedOrigins, allowedHosts, pageTokens: tokens });
  const pageWrites = options.viewerWrites === true && store.capabilities.writable;
  const viewer = openViewer(options.viewer, { access, admission, tokens, writes: pageWrites });
  const maxBodyBytes = options.maxBodyBytes ?? MAX_BODY_BYTES;
  const agents = options.mcp ?? "read";
  const mcp =
    agents === "off"
      ? null
      : new McpRoute({
          manager,
          admission,
          maxBodyBytes,
          writes: agents === "write" && store.capabilities.writable,
          onError: (err) => logger.warn({ err }, "an agent's request failed"),
        });
  const handler = new RequestHandler({
    context: {
      manager,
      info: {
        name: "thulp-sessions",
        version: VERSION,
        startedAt: Date.now(),
        durability: options.durability ?? null,
        limits: options.manager?.limits ?? null,
      },
      counts: () => ({ subscriptions: streams.count, waitingWrites: admission.waiting }),
      hook: around(options.hook, metrics.hook, logger),
    },
    access,
    health: new StoreHealth(store),
    metrics,
    admission,
    streams,
    logger,
    maxBodyBytes,
    pageWrites,
    viewer: viewer?.routes ?? null,
    mcp,
  });
  const server = createServer(
    // A request without a Host is refused like one with a wrong one, in words.
    { requestTimeout: REQUEST_TIMEOUT_MS, requireHostHeader: false },
    handler.handle,
  );
  server.on("clientError", answerClientError);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await listen(server, host, port);
  // E.g. no file descriptor left for one more connection: those that are there go on.
  server.on("error", (err) => logger.error({ err }, "the server fails to listen"));
  const { port: boundPort } = server.address() as AddressInfo;
  const url = `http://${urlHost(host)}:${boundPort}`;
  logger.info({ url, store: store.location }, "started");
  let stopped: Promise<boolean> | undefined;
  return {
    url,
    port: boundPort,
    manager,
    viewer: viewer && {
      problem: viewer.problem,
      newAddress: () => viewerAddress(url, viewer.routes.newCode()),
    },
    stop(timeoutMs = STOP_TIMEOUT_MS) {
      stopped ??= stop(server, sockets, handler, store, timeoutMs).then((clean) => {
        logger.info({ clean }, "stopped");
        return clean;
      });
      return stopped;
    },
  };
}

async function stop(
  server: Server,
  sockets: ReadonlySet<Socket>,
  handler: RequestHandler,
  store: SessionStore,
  timeoutMs: number,
): Promise<boolean> {
  let clean = true;
  await new Promise<void>((resolve) => {
    // A connection becomes idle when its last answer is out.
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      closeUnused(sockets);
    }, 50);
    const timer = setTimeout(() => {
      clean = false;
      server.closeAllConnections();
    }, timeoutMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(timer);
      resolve();
    });
    handler.stop();
    closeUnused(sockets);
  });
  return (await closes(store)) && clean;
}

/** False when the store takes too long; ending the process then ends it too. */
async function closes(store: SessionStore): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), CLOSE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([store.close().then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Browsers and Node's fetch open connections before they need them; Node calls one idle only after its first
 * request.
 */
function closeUnused(sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port));
    server.once("error", failed);
    server.listen(port, host, () => {
      server.off("error", failed);
      resolve();
    });
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): SessionError {
  const message =
    error.code === "EADDRINUSE"
      ? `Port ${port} on ${host} is taken: another server runs there. Stop it, or choose another with --port.`
      : error.code === "EACCES"
        ? `Port ${port} on ${host} is not for everyone: choose one above 1023 with --port.`
        : `Cannot listen on ${host}, port ${port}: ${error.message}.`;
  return new SessionError("io", message, { cause: error });
}

/** The host as a URL has it. Where it listens on every address, it is reached on 127.0.0.1. */
function urlHost(host: string): string {
  if (isWildcard(host)) return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

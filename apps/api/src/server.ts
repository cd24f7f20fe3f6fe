import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { isLoopback } from "@thulp-sessions/config";
import {
  invalidInput,
  SessionError,
  SessionManager,
  type SessionManagerOptions,
  type SessionStore,
} from "@thulp-sessions/core";
import { Access, isWildcard } from "./access.ts";
import { answerClientError } from "./client-error.ts";
import { type Logger, silentLogger } from "./log.ts";
import { RequestHandler } from "./request-handler.ts";
import { VERSION } from "./version.ts";

/** An entry may take 16 MiB; a request holds a few of them. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** How long a request may take to arrive, in milliseconds. */
const REQUEST_TIMEOUT_MS = 120_000;

/** How long stopping waits for the requests under way, in milliseconds. */
const STOP_TIMEOUT_MS = 10_000;

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
  /** What `server.info` tells; the store was opened with it. */
  readonly durability?: "full" | "relaxed" | undefined;
  /** For the `SessionManager` behind the API. */
  readonly manager?: Omit<SessionManagerOptions, "onWarning"> | undefined;
  /** None when absent. */
  readonly logger?: Logger | undefined;
  /** How large a request may be, in bytes; 32 MiB when absent. */
  readonly maxBodyBytes?: number | undefined;
}

export interface RunningServer {
  /** Where it is reached, e.g. `http://127.0.0.1:4664`. */
  readonly url: string;
  readonly port: number;
  readonly manager: SessionManager;
  /**
   * Takes no more connections, answers the requests under way, ends the subscriptions and closes the store. May be
   * called again.
   *
   * @param timeoutMs what is not answered by then is cut off; 10 seconds when absent.
   * @returns false when something had to be cut off.
   */
  stop(timeoutMs?: number): Promise<boolean>;
}

/**
 * Serves a store over HTTP.
 *
 * @throws {SessionError} invalid_input for options that open a door without a lock; io when the address cannot be had.
 *   The store is then still the caller's.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const {
    store,
    host = "127.0.0.1",
    port = 4664,
    token,
    allowedOrigins = [],
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
  const handler = new RequestHandler({
    manager,
    info: {
      name: "thulp-sessions",
      version: VERSION,
      startedAt: Date.now(),
      durability: options.durability ?? null,
    },
    access: new Access({ host, token, allowedOrigins }),
    logger,
    maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
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
  await store.close();
  return clean;
}

/** Browsers and Node's fetch open connections before they need them; Node calls one idle only after its first request. */
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

/** The host as a URL has it. Where it listens everywhere, it is reached at home. */
function urlHost(host: string): string {
  if (isWildcard(host)) return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

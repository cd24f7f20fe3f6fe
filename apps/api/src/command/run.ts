import {
  type Config,
  type ConfigFlags,
  limitsOf,
  loadConfig,
  openStore,
  parseStoreUrl,
  serverToken,
  takesDurability,
} from "@thulp-sessions/config";
import { isSessionError, type SessionStore } from "@thulp-sessions/core";
import { visibleText } from "@thulp-sessions/core/text";
import { createLogger } from "../metrics/log.ts";
import { type RunningServer, startServer } from "../server.ts";
import { VERSION } from "../version.ts";
import { HELP, readArgs } from "./args.ts";
import { banner } from "./banner.ts";
import { workspaceHint } from "./workspace-hint.ts";

/** What the command needs of its process; `node:process` is one. */
export interface CommandProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  cwd(): string;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** `message` and `disconnect` come from a parent process that has started this one with a channel. */
  on(event: "SIGINT" | "SIGTERM" | "message" | "disconnect", listener: (message?: unknown) => void): unknown;
  off(event: "SIGINT" | "SIGTERM" | "message" | "disconnect", listener: (message?: unknown) => void): unknown;
}

/**
 * The command line of the server; see {@link serve}.
 *
 * @returns the exit code.
 */
export async function run(argv: readonly string[], io: CommandProcess): Promise<number> {
  try {
    const { flags, help, version } = readArgs(argv);
    if (!help && !version) return await serve(flags, io);
    io.stdout.write(help ? HELP : `${VERSION}\n`);
    return 0;
  } catch (error) {
    return report(error, io);
  }
}

/**
 * Serves until SIGINT or SIGTERM. A second signal does not wait for the requests under way.
 *
 * @param flags as they were typed; what they leave open comes from the environment and the configuration
 * file.
 * @returns the exit code: 0 after a clean stop, 1 when something failed or had to be cut off, 2 for a wrong
 *   configuration.
 */
export async function serve(flags: ConfigFlags, io: CommandProcess): Promise<number> {
  let store: SessionStore | undefined;
  let server: RunningServer | undefined;
  try {
    const config = loadConfig({ flags, env: io.env, cwd: io.cwd() });
    const logger = createLogger(config.logLevel);
    const { token, durability, deletion, readOnly } = config;
    // Warnings while opening are logged too; from then on the server's manager listens.
    let opening = true;
    store = await openStore(config.store, {
      token,
      durability,
      deletion,
      readOnly,
      onWarning: (warning) => opening && logger.warn({ warning }, "the store warns"),
    });
    opening = false;
    const ownToken = serverToken(config);
    server = await startServer({
      ...config,
      store,
      token: ownToken,
      durability: ownDurability(config),
      manager: { limits: limitsOf(config) },
      processMetrics: true,
      logger,
    });
    const requests = stopRequests(io);
    await announce(server, config, ownToken !== undefined, io);
    await requests.stop;
    return (await Promise.race([server.stop(), requests.force.then(() => false)])) ? 0 : 1;
  } catch (error) {
    // Why it failed is what counts; a failing cleanup after that would only hide it.
    await (server ? server.stop(0) : store?.close())?.catch(() => {});
    return report(error, io);
  }
}

/** @returns the exit code that fits the error. */
function report(error: unknown, io: CommandProcess): number {
  io.stderr.write(`thulp-sessions: ${reasonOf(error)}\n`);
  return isSessionError(error, "invalid_input") ? 2 : 1;
}

async function announce(
  server: RunningServer,
  config: Config,
  hasToken: boolean,
  io: CommandProcess,
): Promise<void> {
  const { viewer } = server;
  const sessionCount = await server.manager.sessionCount();
  const text = banner({
    url: server.url,
    store: server.manager.store.location,
    sessionCount,
    durability: ownDurability(config),
    writable: server.manager.store.capabilities.writable,
    hasToken,
    viewer:
      viewer && (viewer.problem === null ? { address: viewer.newAddress() } : { problem: viewer.problem }),
    hint: await workspaceHint(config.store, sessionCount, config.base),
  });
  io.stdout.write(visibleText(text));
}

/** What is in memory does not last, and a remote store is as durable as its server says. */
function ownDurability({ store, durability, base }: Config): Config["durability"] | undefined {
  return takesDurability(parseStoreUrl(store, base)) ? durability : undefined;
}

/**
 * `stop` resolves with the first signal, or when the parent process asks for it; `force` with the second
 * signal. What the parent asks counts as no signal, since a Ctrl-C reaches both: see scripts/run-server.mjs.
 */
function stopRequests(io: CommandProcess): { stop: Promise<void>; force: Promise<void> } {
  let stop = () => {};
  let force = () => {};
  let signals = 0;
  const onSignal = () => {
    signals++;
    stop();
    if (signals < 2) return;
    io.off("SIGINT", onSignal);
    io.off("SIGTERM", onSignal);
    force();
  };
  io.on("SIGINT", onSignal);
  io.on("SIGTERM", onSignal);
  // A parent that has not said so may leave us running.
  let endsWithParent = false;
  io.on("message", (message) => {
    if (message === "stop with me") endsWithParent = true;
    else if (message === "stop") stop();
  });
  io.on("disconnect", () => endsWithParent && stop());
  return {
    stop: new Promise((resolve) => {
      stop = resolve;
    }),
    force: new Promise((resolve) => {
      force = resolve;
    }),
  };
}

/** One line; a stack is of no use to the person who typed the command. */
function reasonOf(error: unknown): string {
  return visibleText(error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
}

import { parseArgs } from "node:util";
import { type ConfigFlags, VARIABLES } from "@thulp-sessions/config";
import { invalidInput } from "@thulp-sessions/core/store";

export interface Args {
  readonly flags: ConfigFlags;
  readonly help: boolean;
  readonly version: boolean;
}

const OPTIONS = {
  store: { type: "string" },
  host: { type: "string" },
  port: { type: "string" },
  token: { type: "string" },
  "token-file": { type: "string" },
  "allowed-origins": { type: "string" },
  durability: { type: "string" },
  "max-turns": { type: "string" },
  "max-entries": { type: "string" },
  "max-duration-ms": { type: "string" },
  "limit-action": { type: "string" },
  "max-waiting-writes": { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

/** @throws {SessionError} invalid_input for a flag that is unknown or lacks its value. */
export function readArgs(argv: readonly string[]): Args {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: OPTIONS,
      strict: true,
      allowPositionals: false,
    });
    const { help = false, version = false, store, host, port, token, durability, ...rest } = values;
    const flags = {
      store,
      host,
      port,
      token,
      durability,
      tokenFile: rest["token-file"],
      allowedOrigins: rest["allowed-origins"],
      maxTurns: rest["max-turns"],
      maxEntries: rest["max-entries"],
      maxDurationMs: rest["max-duration-ms"],
      limitAction: rest["limit-action"],
      maxWaitingWrites: rest["max-waiting-writes"],
      logLevel: rest["log-level"],
    };
    return { flags, help, version };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw invalidInput(`${message.replace(/[.\s]*$/, "")}. See --help.`);
  }
}

export const HELP = `Serves a store of agent sessions over HTTP.

  --store URL              sqlite:PATH, fs:PATH, memory: or http://HOST:PORT  (sqlite:.thulp/sessions.db)
  --host HOST              where to listen; beyond loopback a token is needed  (127.0.0.1)
  --port PORT              0 for any that is free  (4664)
  --token-file PATH        every call has to bring the token in this file
  --token TOKEN            the same; other users of this machine may see it in the list of processes
  --allowed-origins LIST   web origins that may call, separated by commas  (none)
  --durability WHICH       full: survives a power cut; relaxed: survives the end of the process  (full)
  --max-turns N, --max-entries N, --max-duration-ms N
                           bounds on every session; of these and a call's own the smaller hold  (none)
  --limit-action WHAT      what an append does that meets one: error, end_session or ignore  (error)
  --max-waiting-writes N   above it writes are answered with "busy" at once  (1024)
  --log-level LEVEL        silent, error, warn, info or debug: every request  (info)
  --help, --version

The same can be set by ${Object.values(VARIABLES).slice(0, 3).join(", ")}, ...
and, but for the token and what opens a door, in thulp-sessions.config.json.
`;

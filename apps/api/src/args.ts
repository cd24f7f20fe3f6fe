import { parseArgs } from "node:util";
import { type ConfigFlags, VARIABLES } from "@thulp-sessions/config";
import { invalidInput } from "@thulp-sessions/core";

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
    const {
      help = false,
      version = false,
      "token-file": tokenFile,
      "allowed-origins": allowedOrigins,
    } = values;
    const { store, host, port, token, durability } = values;
    return { flags: { store, host, port, token, tokenFile, allowedOrigins, durability }, help, version };
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
  --help, --version

The same can be set by ${Object.values(VARIABLES).slice(0, 3).join(", ")}, ...
and, but for the token and what opens a door, in thulp-sessions.config.json.
`;

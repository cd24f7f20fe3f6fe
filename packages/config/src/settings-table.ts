import { isLoopback } from "./loopback.ts";
import { STORE_SCHEME_NAMES } from "./schemes/store-schemes.ts";
import {
  checkHost,
  checkHosts,
  checkOrigins,
  checkPort,
  checkStoreUrl,
  checkToken,
  oneOf,
  trueOrFalse,
  wholeNumber,
} from "./setting-checks.ts";
import type { SettingName, Settings } from "./settings.ts";
import type { Given } from "./source.ts";
import { isRemote, parseStoreUrl } from "./store-url.ts";

/**
 * A setting: where it may be given, what checks it, and how it is explained. Everything else follows from it.
 */
export interface Setting<T> {
  readonly flag: string;
  /** What the flag is followed by, as the help has it; empty for a switch. */
  readonly placeholder: string;
  /** The flag takes no value: what it says alone. Absent for a flag that takes one. */
  readonly switchSays?: "true" | "false";
  readonly variable: string;
  /** One line for people. */
  readonly help: string;
  /** The default in words; the help has it in brackets. */
  readonly shownDefault: string;
  /** What a value has to be one of. */
  readonly values?: readonly string[];
  /** False where the configuration file may not hold it at all. True when absent. */
  readonly mayBeInFile?: false;
  /**
   * For a value that a file in a cloned repository must not decide: what it is, and a verb, as the refusal
   * begins.
   * `null` for any other value.
   */
  readonly unsafeInFile?: (value: T) => string | null;
  /** @param base the folder that relative paths are relative to. */
  readonly check: (given: Given, base: string) => T;
  readonly byDefault: (base: string) => T;
}

const DURABILITIES = ["full", "relaxed"] as const;
const DELETIONS = ["fast", "secure"] as const;
const AGENT_ACCESS = ["read", "write", "off"] as const;
const LIMIT_ACTIONS = ["error", "end_session", "ignore"] as const;
const LOG_LEVELS = ["silent", "error", "warn", "info", "debug"] as const;
const DEFAULT_STORE = "sqlite:.thulp/sessions.db";

function unsafeStore(url: string): string | null {
  const location = parseStoreUrl(url, "");
  if (isRemote(location)) return "a remote store takes";
  if (location.kind === "transcripts") return "the histories of your agents take";
  return location.kind === "home" ? "the store in your own data folder takes" : null;
}

/** Every setting, in the order in which it is explained. */
export const SETTINGS: { readonly [K in SettingName]: Setting<Settings[K]> } = {
  store: {
    flag: "--store",
    placeholder: "URL",
    variable: "THULP_SESSIONS_STORE",
    help: STORE_SCHEME_NAMES,
    shownDefault: DEFAULT_STORE,
    check: checkStoreUrl,
    byDefault: (base) =>
      checkStoreUrl({ value: DEFAULT_STORE, source: { kind: "default", name: "the default" } }, base),
    unsafeInFile: unsafeStore,
  },
  host: {
    flag: "--host",
    placeholder: "HOST",
    variable: "THULP_SESSIONS_HOST",
    help: "where to listen; beyond loopback a token is needed",
    shownDefault: "127.0.0.1",
    check: checkHost,
    byDefault: () => "127.0.0.1",
    unsafeInFile: (host) => (isLoopback(host) ? null : "a host beyond loopback takes"),
  },
  port: {
    flag: "--port",
    placeholder: "PORT",
    variable: "THULP_SESSIONS_PORT",
    help: "0 for any that is free",
    shownDefault: "4664",
    check: checkPort,
    byDefault: () => 4664,
  },
  token: {
    flag: "--token",
    placeholder: "TOKEN",
    variable: "THULP_SESSIONS_TOKEN",
    help: "what calls have to bring; others may see it in the process list; auto: beside the store",
    shownDefault: "none",
    mayBeInFile: false,
    check: checkToken,
    byDefault: () => undefined,
  },
  allowedOrigins: {
    flag: "--allowed-origins",
    placeholder: "LIST",
    variable: "THULP_SESSIONS_ALLOWED_ORIGINS",
    help: "web origins that may call beside the server's own, separated by commas",
    shownDefault: "none",
    check: checkOrigins,
    byDefault: () => [],
    unsafeInFile: (origins) => (origins.length > 0 ? "origins take" : null),
  },
  allowedHosts: {
    flag: "--allowed-hosts",
    placeholder: "LIST",
    variable: "THULP_SESSIONS_ALLOWED_HOSTS",
    help: "names by which the server may be called beside its own, e.g. that of its container",
    shownDefault: "none",
    check: checkHosts,
    byDefault: () => [],
    unsafeInFile: (hosts) => (hosts.length > 0 ? "names of hosts take" : null),
  },
  durability: {
    flag: "--durability",
    placeholder: "WHICH",
    variable: "THULP_SESSIONS_DURABILITY",
    help: "full: survives a power cut; relaxed: survives the end of the process",
    shownDefault: "full",
    values: DURABILITIES,
    check: (given) => oneOf(given, DURABILITIES, "durability"),
    byDefault: () => "full",
  },
  readOnly: {
    flag: "--read-only",
    placeholder: "",
    switchSays: "true",
    variable: "THULP_SESSIONS_READ_ONLY",
    help: "writes nothing to the store, and refuses every call that would",
    shownDefault: "false",
    check: trueOrFalse,
    byDefault: () => false,
  },
  deletion: {
    flag: "--deletion",
    placeholder: "HOW",
    variable: "THULP_SESSIONS_DELETION",
    help: "secure: what is deleted or replaced is in no file any more; fast: in free space",
    shownDefault: "fast",
    values: DELETIONS,
    check: (given) => oneOf(given, DELETIONS, "kind of deletion"),
    byDefault: () => "fast",
  },
  maxTurns: {
    flag: "--max-turns",
    placeholder: "N",
    variable: "THULP_SESSIONS_MAX_TURNS",
    help: "how many turns a session may have; of this and a call's own limit the smaller holds",
    shownDefault: "none",
    check: (given) => wholeNumber(given, 0, "number of turns"),
    byDefault: () => undefined,
  },
  maxEntries: {
    flag: "--max-entries",
    placeholder: "N",
    variable: "THULP_SESSIONS_MAX_ENTRIES",
    help: "how many entries a session may have, likewise",
    shownDefault: "none",
    check: (given) => wholeNumber(given, 0, "number of entries"),
    byDefault: () => undefined,
  },
  maxDurationMs: {
    flag: "--max-duration-ms",
    placeholder: "N",
    variable: "THULP_SESSIONS_MAX_DURATION_MS",
    help: "how long after its making a session takes entries, likewise",
    shownDefault: "none",
    check: (given) => wholeNumber(given, 0, "number of milliseconds"),
    byDefault: () => undefined,
  },
  limitAction: {
    flag: "--limit-action",
    placeholder: "WHAT",
    variable: "THULP_SESSIONS_LIMIT_ACTION",
    help: "what an append does that meets a limit: error, end_session or ignore",
    shownDefault: "error",
    values: LIMIT_ACTIONS,
    check: (given) => oneOf(given, LIMIT_ACTIONS, "action"),
    byDefault: () => undefined,
  },
  maxWaitingWrites: {
    flag: "--max-waiting-writes",
    placeholder: "N",
    variable: "THULP_SESSIONS_MAX_WAITING_WRITES",
    help: 'how many writes may wait; above it they are answered with "busy"',
    shownDefault: "1024",
    check: (given) => wholeNumber(given, 1, "number of writes"),
    byDefault: () => 1024,
  },
  viewer: {
    flag: "--no-viewer",
    placeholder: "",
    switchSays: "false",
    variable: "THULP_SESSIONS_VIEWER",
    help: "serves no page to look at sessions with: viewer is false",
    shownDefault: "true",
    check: trueOrFalse,
    byDefault: () => true,
  },
  viewerWrites: {
    flag: "--viewer-writes",
    placeholder: "",
    switchSays: "true",
    variable: "THULP_SESSIONS_VIEWER_WRITES",
    help: "lets that page change sessions",
    shownDefault: "false",
    check: trueOrFalse,
    byDefault: () => false,
    unsafeInFile: (writes) => (writes ? "changes by the page take" : null),
  },
  mcp: {
    flag: "--mcp",
    placeholder: "WHAT",
    variable: "THULP_SESSIONS_MCP",
    help: "what agents may do at /mcp: read, write or off",
    shownDefault: "read",
    values: AGENT_ACCESS,
    check: (given) => oneOf(given, AGENT_ACCESS, "access for agents"),
    byDefault: () => "read",
    unsafeInFile: (access) => (access === "write" ? "changes by agents take" : null),
  },
  logLevel: {
    flag: "--log-level",
    placeholder: "LEVEL",
    variable: "THULP_SESSIONS_LOG_LEVEL",
    help: "silent, error, warn, info or debug: every request",
    shownDefault: "info",
    values: LOG_LEVELS,
    check: (given) => oneOf(given, LOG_LEVELS, "level"),
    byDefault: () => "info",
  },
};

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** An option of a command line. */
export interface SettingOption {
  /** Its name among the flags that `loadConfig` takes. */
  readonly key: SettingName | "tokenFile";
  readonly flag: string;
  /** Empty for a switch. */
  readonly placeholder: string;
  /** Of a switch, which takes no value: what it says when it is given. `null` for one that takes a value. */
  readonly switchSays: "true" | "false" | null;
  readonly help: string;
  readonly shownDefault: string;
}

const TOKEN_FILE: SettingOption = {
  key: "tokenFile",
  flag: "--token-file",
  placeholder: "PATH",
  switchSays: null,
  help: "the file that holds the token",
  shownDefault: "none",
};

type Described = Pick<Setting<unknown>, "flag" | "placeholder" | "switchSays" | "help" | "shownDefault">;

/** The options of a program that takes its settings from the command line. */
export const SETTING_OPTIONS: readonly SettingOption[] = SETTING_NAMES.flatMap((key) => {
  const { flag, placeholder, switchSays, help, shownDefault }: Described = SETTINGS[key];
  const option = { key, flag, placeholder, switchSays: switchSays ?? null, help, shownDefault };
  return key === "token" ? [TOKEN_FILE, option] : [option];
});

/** The flag of each setting. */
export const FLAGS = fromTable(({ flag }) => flag);
/** The environment variable of each setting. */
export const VARIABLES = fromTable(({ variable }) => variable);

function fromTable(
  pick: (setting: Pick<Setting<never>, "flag" | "variable">) => string,
): Readonly<Record<SettingName, string>> {
  const picked = SETTING_NAMES.map((name) => [name, pick(SETTINGS[name])]);
  return Object.fromEntries(picked);
}

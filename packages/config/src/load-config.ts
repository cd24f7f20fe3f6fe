import { dirname, resolve } from "node:path";
import type { SessionLimits } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import { type ConfigFile, readConfigFile } from "./config-file.ts";
import { isLoopback } from "./loopback.ts";
import { bad, CHECKS, FLAGS, SETTING_NAMES, type SettingName, type Settings, VARIABLES } from "./settings.ts";
import type { Given, Source } from "./source.ts";
import { formatStoreUrl, parseStoreUrl } from "./store-url.ts";
import { tokenFlag } from "./token-file.ts";

/** The flags as they were typed; `tokenFile` names a file that holds the token. */
export type ConfigFlags = { readonly [K in SettingName | "tokenFile"]?: string | undefined };

export interface LoadConfigOptions {
  readonly flags?: ConfigFlags | undefined;
  /** `process.env` of the program; nothing else is read from the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The current directory of the program. */
  readonly cwd: string;
}

export interface Config extends Settings {
  /** Where each setting comes from. */
  readonly sources: Readonly<Record<SettingName, Source>>;
  /** The folder in which the command was typed: what relative paths of flags and variables are relative to. */
  readonly base: string;
}

/** Something that was given, and the folder that a relative path in it is relative to. */
interface Candidate extends Given {
  readonly folder: string;
}

const DEFAULTS: { readonly [K in SettingName]: (base: string) => Settings[K] } = {
  store: (base) => formatStoreUrl(parseStoreUrl("sqlite:.thulp/sessions.db", base)),
  host: () => "127.0.0.1",
  port: () => 4664,
  token: () => undefined,
  allowedOrigins: () => [],
  durability: () => "full",
  maxTurns: () => undefined,
  maxEntries: () => undefined,
  maxDurationMs: () => undefined,
  limitAction: () => undefined,
  maxWaitingWrites: () => 1024,
  logLevel: () => "info",
};

/**
 * The configuration: a flag goes before a variable, that before `thulp-sessions.config.json`, that before the default.
 * Everything that was given is checked, also where something else goes before it. A file may come with a cloned
 * repository: it may hold no token, and a remote store, a host beyond loopback or origins of the file are refused
 * unless a flag or a variable goes before them.
 *
 * @throws {SessionError} invalid_input that names what is wrong and where it was given; io for a file that cannot be read.
 */
export function loadConfig({ flags = {}, env, cwd }: LoadConfigOptions): Config {
  const { INIT_CWD: typedIn } = env;
  // npm and pnpm change to the package's folder, and tell in INIT_CWD where the command was typed.
  const base = resolve(cwd, typedIn || ".");
  refuseUnknownVariables(env);
  const file = readConfigFile([...new Set([base, resolve(cwd)])]);
  if (file) refuseUnknownKeys(file);
  const token = tokenFlag(flags, base);

  const sources = {} as Record<SettingName, Source>;
  function setting<K extends SettingName>(name: K): Settings[K] {
    const flag = name === "token" ? token : typed("flag", FLAGS[name], flags[name]);
    const variable = typed("env", VARIABLES[name], env[VARIABLES[name]]);
    const given = [
      flag && { ...flag, folder: base },
      variable && { ...variable, folder: base },
      file && fromFile(file, name),
    ].filter((each) => each !== null);
    const [winner] = given.map((candidate) => ({
      source: candidate.source,
      value: CHECKS[name](candidate, candidate.folder),
    }));
    sources[name] = winner?.source ?? { kind: "default", name: "the default" };
    if (winner === undefined) return DEFAULTS[name](base);
    if (winner.source.kind === "file") refuseDoors(name, winner);
    return winner.value;
  }
  const config: Config = {
    store: setting("store"),
    host: setting("host"),
    port: setting("port"),
    token: setting("token"),
    allowedOrigins: setting("allowedOrigins"),
    durability: setting("durability"),
    maxTurns: setting("maxTurns"),
    maxEntries: setting("maxEntries"),
    maxDurationMs: setting("maxDurationMs"),
    limitAction: setting("limitAction"),
    maxWaitingWrites: setting("maxWaitingWrites"),
    logLevel: setting("logLevel"),
    sources,
    base,
  };
  refuseIdleAction(config);
  return config;
}

/** What sessions may grow to, as the manager takes it; `undefined` where nothing bounds them. */
export function limitsOf(settings: Settings): SessionLimits | undefined {
  const { maxTurns, maxEntries, maxDurationMs, limitAction: action = "error" } = settings;
  const bounds = [maxTurns, maxEntries, maxDurationMs];
  return bounds.every((bound) => bound === undefined)
    ? undefined
    : { maxTurns, maxEntries, maxDurationMs, action };
}

/** An action without a limit would be a setting that does nothing. */
function refuseIdleAction(config: Config): void {
  if (config.limitAction === undefined || limitsOf(config)) return;
  throw bad(
    { value: config.limitAction, source: config.sources.limitAction },
    `there is no limit that it could be about: give ${FLAGS.maxTurns}, ${FLAGS.maxEntries} or ${FLAGS.maxDurationMs} too.`,
  );
}

function typed(kind: "flag" | "env", name: string, value: string | undefined): Given | null {
  return value === undefined ? null : { value, source: { kind, name } };
}

function fromFile({ path, values }: ConfigFile, name: SettingName): Candidate | null {
  if (!Object.hasOwn(values, name)) return null;
  return {
    value: values[name],
    source: { kind: "file", name: `${path}: ${name}` },
    folder: dirname(path),
  };
}

/** A file in a cloned repository opens no door and sends nothing elsewhere. */
function refuseDoors(name: SettingName, given: Given): void {
  const { value } = given;
  const door =
    name === "store" && typeof value === "string" && /^https?:/.test(value)
      ? "a remote store takes"
      : name === "host" && typeof value === "string" && !isLoopback(value)
        ? "a host beyond loopback takes"
        : name === "allowedOrigins" && Array.isArray(value) && value.length > 0
          ? "origins take"
          : null;
  if (door === null) return;
  throw bad(
    given,
    `${door} effect only from a flag or the environment: give it as ${FLAGS[name]} or in ${VARIABLES[name]}, or take it out of the file.`,
  );
}

function refuseUnknownVariables(env: LoadConfigOptions["env"]): void {
  const known = Object.values(VARIABLES);
  for (const name of Object.keys(env)) {
    if (!name.startsWith("THULP_SESSIONS_") || env[name] === undefined || known.includes(name)) continue;
    throw invalidInput(`${name}: there is no such setting: expected one of ${known.join(", ")}.`, {
      field: name,
    });
  }
}

function refuseUnknownKeys({ path, values }: ConfigFile): void {
  const known = SETTING_NAMES.filter((name) => name !== "token");
  for (const key of Object.keys(values)) {
    const field = `${path}: ${key.slice(0, 64)}`;
    if (key === "token") {
      throw invalidInput(
        `${field}: a file holds no token: give it by --token-file, or in ${VARIABLES.token}, and change it if others have seen it.`,
        { field },
      );
    }
    if (!known.some((name) => name === key)) {
      throw invalidInput(`${field}: there is no such setting: expected one of ${known.join(", ")}.`, {
        field,
      });
    }
  }
}

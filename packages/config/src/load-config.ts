import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { SessionLimits } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import { AUTO, autoTokenPath, makeAutoToken, readAutoToken } from "./auto-token.ts";
import { type ConfigFile, readConfigFile } from "./config-file.ts";
import { isLoopback } from "./loopback.ts";
import { bad } from "./setting-checks.ts";
import type { SettingName, Settings } from "./settings.ts";
import { FLAGS, SETTING_NAMES, SETTINGS, type Setting, VARIABLES } from "./settings-table.ts";
import type { Given, Source } from "./source.ts";
import { parseStoreUrl, placeOf } from "./store-url.ts";
import { tokenFlag } from "./token-file.ts";
import { typedFolder } from "./typed-folder.ts";

/** The flags as they were typed; `tokenFile` names a file that holds the token. */
export type ConfigFlags = { readonly [K in SettingName | "tokenFile"]?: string | undefined };

export interface LoadConfigOptions {
  readonly flags?: ConfigFlags | undefined;
  /** `process.env` of the program. Only where `home:` lies is read from the process itself. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The current directory of the program. */
  readonly cwd: string;
}

export interface Config extends Settings {
  /** Where each setting comes from. */
  readonly sources: Readonly<Record<SettingName, Source>>;
  /**
   * The folder in which the command was typed: what relative paths of flags and variables are relative to.
   */
  readonly base: string;
  /** The token of `auto`; see {@link serverToken} and {@link runningServerToken}. */
  readonly autoToken: {
    /**
     * Where it lies, whether or not it is there: beside the store, or, where that is a server, beside the one
     * that would be configured without it. `null` where none of them has a place on this machine.
     */
    readonly path: string | null;
    /** Whether the setting says `auto`. */
    readonly isWanted: boolean;
  };
}

/** Something that was given, and the folder that a relative path in it is relative to. */
interface Candidate extends Given {
  readonly folder: string;
}

/**
 * The configuration: a flag goes before a variable, that before `thulp-sessions.config.json`, that before the
 * default. Everything that was given is checked, also where something else goes before it. A file may come
 * with a cloned repository: it may hold no token, and a remote store, a host beyond loopback or origins of
 * the file are refused unless a flag or a variable goes before them.
 *
 * The token of a server on this machine that was started with `--token auto` over a store of this
 * configuration is found where none was given.
 *
 * @throws {SessionError} invalid_input that names what is wrong and where it was given; io for a file that
 * cannot be read.
 */
export function loadConfig({ flags = {}, env, cwd }: LoadConfigOptions): Config {
  const base = typedFolder(env, cwd);
  refuseUnknownVariables(env);
  const file = readConfigFile([...new Set([base, resolve(cwd)])]);
  if (file) refuseUnknownKeys(file);
  const token = tokenFlag(flags, base);

  const sources = {} as Record<SettingName, Source>;
  /** All that were given, by name: the one that counts is the first. */
  const values: Partial<Record<SettingName, readonly unknown[]>> = {};
  function read<K extends SettingName>(name: K): Settings[K] {
    const { flag, variable, check, byDefault }: Setting<Settings[K]> = SETTINGS[name];
    const fromFlag = name === "token" ? token : typed("flag", flag, flags[name]);
    const fromVariable = typed("env", variable, env[variable]);
    const given = [
      fromFlag && { ...fromFlag, folder: base },
      fromVariable && { ...fromVariable, folder: base },
      file && fromFile(file, name),
    ].filter((each) => each !== null);
    const checked = given.map((candidate) => ({
      source: candidate.source,
      value: check(candidate, candidate.folder),
    }));
    values[name] = checked.map(({ value }) => value);
    const [winner] = checked;
    sources[name] = winner?.source ?? { kind: "default", name: "the default" };
    if (winner === undefined) return byDefault(base);
    if (winner.source.kind === "file") refuseUnsafeFileSetting(name, winner);
    return winner.value;
  }
  const all = SETTING_NAMES.map((name) => [name, read(name)]);
  const settings = Object.fromEntries(all) as unknown as Settings;
  const stores = [...(values.store as readonly string[]), SETTINGS.store.byDefault(base)];
  const path = stores.map((store) => autoTokenPath(store)).find((each) => each !== null) ?? null;
  const config: Config = {
    ...settings,
    sources,
    base,
    autoToken: { path, isWanted: settings.token === AUTO },
  };
  refuseIdleAction(config);
  return { ...config, ...foundToken(config) };
}

/**
 * The token that a server of this configuration wants of its callers: makes that of `auto`. `undefined` for a
 * server without one.
 *
 * @throws {SessionError} invalid_input for a store beside which no token can lie; io.
 */
export function serverToken({ store, token, sources, autoToken }: Config): string | undefined {
  // It is there for the store, which is a server; this one was told nothing.
  if (sources.token.kind === "found") return undefined;
  if (!autoToken.isWanted) return token;
  const path = autoTokenPath(store);
  if (path !== null) {
    // Beside a store there is a folder, if there is a store.
    if (placeOf(parseStoreUrl(store, "")) === null)
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return makeAutoToken(path);
  }
  throw bad(
    { value: AUTO, source: sources.token },
    `the store ${store} has no place on this machine beside which a token could lie: give one by --token-file.`,
  );
}

/**
 * The token of a server that runs over a store of this configuration: the one that was given, else that of
 * `auto` where there is one.
 *
 * @throws {SessionError} io for one that cannot be used.
 */
export function runningServerToken({ token, autoToken }: Config): string | undefined {
  return token ?? (autoToken.path === null ? undefined : readAutoToken(autoToken.path));
}

/** `auto` is a place, not a token: what lies there takes its place. */
function foundToken(config: Config): Partial<Pick<Config, "token" | "sources">> {
  const { store, token, sources, base, autoToken } = config;
  const { path, isWanted } = autoToken;
  const location = parseStoreUrl(store, base);
  if (isWanted) {
    const found = path === null ? undefined : readAutoToken(path);
    // A server over a store of this machine makes it.
    if (found !== undefined || location.kind !== "http") return { token: found };
    throw bad(
      { value: token, source: sources.token },
      `there is no token at ${path}: start the server with ${FLAGS.token} ${AUTO} over that store, or give its token by --token-file.`,
    );
  }
  // To a server on this machine only: no other may get to know it.
  if (token !== undefined || path === null || location.kind !== "http") return {};
  if (!isLoopback(new URL(location.url).hostname)) return {};
  try {
    const found = readAutoToken(path);
    return found === undefined
      ? {}
      : { token: found, sources: { ...sources, token: { kind: "found", name: path } } };
  } catch {
    // Nobody has asked for it, and maybe the server wants none.
    return {};
  }
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

/** A file in a cloned repository lets nobody in and sends nothing elsewhere. */
function refuseUnsafeFileSetting<K extends SettingName>(
  name: K,
  { value, source }: { readonly value: Settings[K]; readonly source: Source },
): void {
  const { flag, variable, unsafeInFile }: Setting<Settings[K]> = SETTINGS[name];
  const unsafe = unsafeInFile?.(value) ?? null;
  if (unsafe === null) return;
  throw bad(
    { value, source },
    `${unsafe} effect only from a flag or the environment: give it as ${flag} or in ${variable}, or take it out of the file.`,
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
  const known = SETTING_NAMES.filter((name) => SETTINGS[name].mayBeInFile !== false);
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

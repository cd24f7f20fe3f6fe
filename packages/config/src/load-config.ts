import { dirname, resolve } from "node:path";
import type { SessionLimits } from "@thulp-sessions/core";
import { invalidInput } from "@thulp-sessions/core/store";
import { type ConfigFile, readConfigFile } from "./config-file.ts";
import { bad } from "./setting-checks.ts";
import type { SettingName, Settings } from "./settings.ts";
import { FLAGS, SETTING_NAMES, SETTINGS, type Setting, VARIABLES } from "./settings-table.ts";
import type { Given, Source } from "./source.ts";
import { tokenFlag } from "./token-file.ts";
import { typedFolder } from "./typed-folder.ts";

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
  /**
   * The folder in which the command was typed: what relative paths of flags and variables are relative to.
   */
  readonly base: string;
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
  function read<K extends SettingName>(name: K): Settings[K] {
    const { flag, variable, check, byDefault }: Setting<Settings[K]> = SETTINGS[name];
    const fromFlag = name === "token" ? token : typed("flag", flag, flags[name]);
    const fromVariable = typed("env", variable, env[variable]);
    const given = [
      fromFlag && { ...fromFlag, folder: base },
      fromVariable && { ...fromVariable, folder: base },
      file && fromFile(file, name),
    ].filter((each) => each !== null);
    const [winner] = given.map((candidate) => ({
      source: candidate.source,
      value: check(candidate, candidate.folder),
    }));
    sources[name] = winner?.source ?? { kind: "default", name: "the default" };
    if (winner === undefined) return byDefault(base);
    if (winner.source.kind === "file") refuseUnsafeFileSetting(name, winner);
    return winner.value;
  }
  const settings = Object.fromEntries(SETTING_NAMES.map((name) => [name, read(name)]));
  const config: Config = { ...(settings as unknown as Settings), sources, base };
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

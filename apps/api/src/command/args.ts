import { parseArgs } from "node:util";
import { type ConfigFlags, SETTING_OPTIONS, VARIABLES } from "@thulp-sessions/config";
import { invalidInput } from "@thulp-sessions/core/store";

export interface Args {
  readonly flags: ConfigFlags;
  readonly help: boolean;
  readonly version: boolean;
}

/** The name that `parseArgs` knows a flag by. */
const nameOf = (flag: string): string => flag.slice("--".length);

const SETTINGS = SETTING_OPTIONS.map(({ flag, switchSays }) => [
  nameOf(flag),
  { type: switchSays ? ("boolean" as const) : ("string" as const) },
]);

/** @throws {SessionError} invalid_input for a flag that is unknown or lacks its value. */
export function readArgs(argv: readonly string[]): Args {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        ...(Object.fromEntries(SETTINGS) as Record<string, { type: "string" | "boolean" }>),
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
      },
      strict: true,
      allowPositionals: false,
    });
    const { help = false, version = false, ...typed } = values;
    const given: Readonly<Record<string, string | boolean | undefined>> = typed;
    const flags = SETTING_OPTIONS.map(({ key, flag, switchSays }) => {
      const value = given[nameOf(flag)];
      return [key, value === true ? switchSays : value];
    });
    return {
      flags: Object.fromEntries(flags) as ConfigFlags,
      help: help === true,
      version: version === true,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw invalidInput(`${message.replace(/[.\s]*$/, "")}. See --help.`);
  }
}

const OPTION_LINES = SETTING_OPTIONS.map(
  ({ flag, placeholder, help, shownDefault }) =>
    `  ${`${flag} ${placeholder}`.padEnd(23)}  ${help}  (${shownDefault})`,
);

export const HELP = `Serves a store of agent sessions over HTTP.

${OPTION_LINES.join("\n")}
  --help, --version

The same can be set by ${Object.values(VARIABLES).slice(0, 3).join(", ")}, ...
and in thulp-sessions.config.json: not the token there, and nothing that lets others in.
`;

import { type ConfigFlags, SETTING_OPTIONS } from "@thulp-sessions/config";
import type { AnyCommand } from "../command/any-command.ts";
import { type Context, globalFlags } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { EXIT, Failure } from "../terminal/exit.ts";

/** What every command takes already. */
const GLOBAL: readonly (typeof SETTING_OPTIONS)[number]["key"][] = [
  "store",
  "token",
  "tokenFile",
  "durability",
  "readOnly",
  "deletion",
];

export function command(context: Context): AnyCommand {
  const serve: AnyCommand = newCommand("serve").description(
    "Serves the store over HTTP until Ctrl-C, which waits for the requests under way; a second one does not.",
  );
  const own = SETTING_OPTIONS.filter(({ key }) => !GLOBAL.includes(key));
  for (const { flag, placeholder, switchSays, help, shownDefault } of own)
    serve.option(switchSays ? flag : `${flag} <${placeholder.toLowerCase()}>`, `${help} (${shownDefault})`);
  return serve
    .addHelpText(
      "after",
      examples(
        "serve",
        "serve --store fs:.thulp/sessions --port 0",
        "serve --host 0.0.0.0 --token-file ~/.thulp-token",
      ),
    )
    .action(async () => {
      // What was not typed has a value too, where its flag begins with "no".
      const typed = own.filter(({ key }) => serve.getOptionValueSource(key) === "cli");
      const options: ConfigFlags = Object.fromEntries(
        typed.map(({ key, switchSays }) => [key, switchSays ?? serve.opts()[key]]),
      );
      const api = await import("@thulp-sessions/api");
      const flags = { ...options, ...globalFlags(context.globals) };
      const code = await api.serve(flags, context.io.process);
      if (code !== EXIT.ok) throw new Failure("", code);
    });
}

import type { AnyCommand } from "../commands.ts";
import type { Context } from "../context.ts";
import { EXIT, Failure } from "../exit.ts";
import { examples, newCommand } from "../new-command.ts";

export function command(context: Context): AnyCommand {
  return newCommand("serve")
    .description(
      "Serves the store over HTTP until Ctrl-C, which waits for the requests under way; a second one does not.",
    )
    .option("--host <host>", "where to listen (127.0.0.1); beyond loopback a token is needed")
    .option("--port <port>", "0 for any that is free (4664)")
    .option("--allowed-origins <list>", "web origins that may call, separated by commas (none)")
    .addHelpText(
      "after",
      examples(
        "serve",
        "serve --store fs:.thulp/sessions --port 0",
        "serve --host 0.0.0.0 --token-file ~/.thulp-token",
      ),
    )
    .action(async (options) => {
      const { run } = await import("@thulp-sessions/api");
      const { store, token, tokenFile, durability } = context.globals;
      const flags = {
        "--store": store,
        "--token": token,
        "--token-file": tokenFile,
        "--durability": durability,
        "--host": options.host,
        "--port": options.port,
        "--allowed-origins": options.allowedOrigins,
      };
      // As the server's own command does it, with what was typed; one word each, whatever a value begins with.
      const argv = Object.entries(flags).flatMap(([flag, value]) =>
        value === undefined ? [] : [`${flag}=${value}`],
      );
      const code = await run(argv, context.io.process);
      if (code !== EXIT.ok) throw new Failure("", code);
    });
}

import { Option } from "@commander-js/extra-typings";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { idToLookAt } from "../input/session-id.ts";
import { parseCount } from "../input/when.ts";
import { printJson } from "../render/json.ts";

export function command(context: Context): AnyCommand {
  return newCommand("fork")
    .description(
      "Makes a new, active session with the first entries of another one, and prints its id. The other one stays as it is.",
    )
    .argument("<id>", "the session to begin with, or the beginning of its id")
    .addOption(new Option("--entries <n>", "how many entries to take over (all)").argParser(parseCount(0)))
    .option("--name <name>", "the name of the new one (the same)")
    .option("--id <id>", "its id, a UUID; with it a repeat fails instead of making a second one")
    .option("--allow-lossy", "round numbers that JavaScript cannot hold")
    .option("--json", "the new session as JSON, instead of its id")
    .addHelpText("after", examples("fork 0190a3c5 --entries 12", 'fork 0190a3c5 --name "Second try"'))
    .action(async (typed, options) => {
      const manager = await context.manager();
      const id = await idToLookAt(context, manager.store, typed);
      const {
        metadata,
        context: kept,
        version,
        entries,
      } = await manager.forkSession(id, {
        id: options.id,
        name: options.name,
        entryCount: options.entries,
        allowLossy: options.allowLossy,
      });
      if (options.json)
        await printJson(context.io, { metadata, context: kept, version, entryCount: entries.length });
      else await context.io.line(metadata.id);
    });
}

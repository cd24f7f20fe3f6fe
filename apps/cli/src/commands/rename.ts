import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { idToChange } from "../input/session-id.ts";
import { printJson } from "../render/json.ts";
import { shownName } from "../render/text.ts";

export function command(context: Context): AnyCommand {
  return newCommand("rename")
    .description("Gives a session another name.")
    .argument("<id>", "the session, its whole id")
    .argument("<name>", "the new name")
    .option("--json", "the session as it is now, as JSON")
    .addHelpText("after", examples('rename $id "Fix the build on Windows"'))
    .action(async (typed, name, { json }) => {
      const manager = await context.manager();
      const id = await idToChange(context, manager.store, typed);
      const { metadata } = await manager.updateSession(id, { name });
      if (json) return printJson(context.io, metadata);
      await context.io.line(`${id}  ${shownName(name)}`);
    });
}

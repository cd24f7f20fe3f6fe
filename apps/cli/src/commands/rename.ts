import type { AnyCommand } from "../commands.ts";
import type { Context } from "../context.ts";
import { examples, newCommand } from "../new-command.ts";
import { oneLine } from "../render/text.ts";
import { idToChange } from "../session-id.ts";

export function command(context: Context): AnyCommand {
  return newCommand("rename")
    .description("Gives a session another name.")
    .argument("<id>", "the session, its whole id")
    .argument("<name>", "the new name")
    .addHelpText("after", examples('rename $id "Fix the build on Windows"'))
    .action(async (typed, name) => {
      const manager = await context.manager();
      const id = await idToChange(context, manager.store, typed);
      await manager.updateSession(id, { name });
      await context.io.line(`${id}  ${oneLine(name)}`);
    });
}

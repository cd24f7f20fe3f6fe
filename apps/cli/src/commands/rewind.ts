import { InvalidArgumentError } from "commander";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { idToChange } from "../input/session-id.ts";
import { parseCount } from "../input/when.ts";
import { printJson } from "../render/json.ts";
import { plural, shownName } from "../render/text.ts";
import { confirmOrYes } from "../terminal/confirm.ts";
import { usage } from "../terminal/exit.ts";

export function command(context: Context): AnyCommand {
  return newCommand("rewind")
    .description(
      "Takes the last entries off a session. They are gone; fork keeps them in the old session instead.",
    )
    .argument("<id>", "the session, its whole id")
    .argument("<entries>", "how many to keep from the start", parseArgument)
    .option("-y, --yes", "do not ask")
    .option("--dry-run", "only say what would be taken off")
    .option("--json", "how many as JSON: {id, entries, takenOff, kept}")
    .addHelpText("after", examples("rewind $id 12 --dry-run", "rewind $id 12 --yes"))
    .action(async (typed, keep, options) => {
      const { io } = context;
      const manager = await context.manager();
      const id = await idToChange(context, manager.store, typed);
      const { metadata, entryCount, version } = await manager.store.head(id);
      if (keep > entryCount)
        throw usage(
          `Session ${id} has only ${plural(entryCount, "entry", "entries")}; there is nothing to keep beyond.`,
        );
      const gone = plural(entryCount - keep, "entry", "entries");
      const asJson = (takenOff: number) =>
        printJson(io, { id, entries: entryCount, takenOff, kept: entryCount - takenOff });
      if ((keep === entryCount || options.dryRun) && options.json) return asJson(0);
      if (keep === entryCount || options.dryRun)
        return io.line(`${gone} of ${entryCount} would be taken off`);
      await confirmOrYes(io, options.yes, `Take ${gone} off "${shownName(metadata.name)}"?`);
      // What was added while the question stood there is not to go unseen.
      await manager.rewindSession(id, keep, { expectedVersion: version });
      if (options.json) return asJson(entryCount - keep);
      await io.line(`${gone} taken off, ${keep} kept`);
    });
}

function parseArgument(text: string): number {
  try {
    return parseCount(0)(text);
  } catch {
    throw new InvalidArgumentError("expected how many entries to keep, a whole number.");
  }
}

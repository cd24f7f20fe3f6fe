import { isSessionError } from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { idToChange, idToLookAt } from "../input/session-id.ts";
import { collect } from "../input/when.ts";
import { printJson } from "../render/json.ts";
import { oneLine } from "../render/text.ts";

const TRIES = 10;

export function command(context: Context): AnyCommand {
  return newCommand("tag")
    .description("Adds tags to a session and removes them; without options it shows them.")
    .argument("<id>", "the session; its whole id where something is changed")
    .option("--add <tag>", "add this tag, unless it is there; again for more", collect)
    .option("--remove <tag>", "remove this tag; again for more", collect)
    .option("--json", "the tags as a JSON list")
    .addHelpText("after", examples("tag $id --add reviewed --remove wip", "tag 0190a3c5"))
    .action(async (typed, { add = [], remove = [], json }) => {
      const { io } = context;
      const manager = await context.manager();
      const changes = add.length + remove.length > 0;
      const id = changes
        ? await idToChange(context, manager.store, typed)
        : await idToLookAt(context, manager.store, typed);
      const show = (tags: readonly string[]) =>
        json
          ? printJson(io, tags)
          : tags.length > 0
            ? io.print(`${tags.map(oneLine).join("\n")}\n`)
            : undefined;
      for (let attempt = 1; ; attempt++) {
        const { metadata, version } = await manager.store.head(id);
        const kept = metadata.tags.filter((tag) => !remove.includes(tag));
        const tags = [...kept, ...[...new Set(add)].filter((tag) => !kept.includes(tag))];
        const same = tags.length === metadata.tags.length && tags.every((tag, i) => tag === metadata.tags[i]);
        if (same) return show(metadata.tags);
        try {
          await manager.updateSession(id, { tags }, { expectedVersion: version });
          return show(tags);
        } catch (error) {
          // Changed by somebody else between the look and the write: their tags count too.
          if (!isSessionError(error, "conflict") || attempt === TRIES) throw error;
        }
      }
    });
}

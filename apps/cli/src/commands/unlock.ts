import { maintenanceOf } from "@thulp-sessions/config";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { printJson } from "../render/json.ts";
import { shownMessage } from "../render/text.ts";
import { requireStore } from "../store/store-place.ts";
import { confirmOrYes } from "../terminal/confirm.ts";
import { usage } from "../terminal/exit.ts";

export function command(context: Context): AnyCommand {
  return newCommand("unlock")
    .description(
      "Removes the lock of a session of an fs: store that a program on another machine, or in another container, has left: whether that lives cannot be told from here. Locks of programs that have ended here are taken over by themselves, and one of a program that lives is not removed. A sqlite: store has no such locks.",
    )
    .argument("<id>", "the session, its whole id; check names those that are locked")
    .option("-y, --yes", "do not ask")
    .option("--json", "the lock that was removed as JSON; null where there was none")
    .addHelpText(
      "after",
      examples("check --store fs:.thulp/sessions", "unlock $id --store fs:.thulp/sessions"),
    )
    .action(async (id, { yes, json }) => {
      const { io } = context;
      const { store: url, base, readOnly } = await context.config();
      const maintenance = await maintenanceOf(url, base, { readOnly });
      if (maintenance?.unit !== "session")
        throw usage(`unlock is for an fs: store, where its folder is; this one is ${url}.`);
      requireStore(url, base);
      const held = (await maintenance.locks()).find(({ sessionId }) => sessionId === id.toLowerCase());
      if (held?.owner === "unknown") {
        io.note(shownMessage(`${held.path} is held by ${held.holder}, of which nothing is known here.`));
        await confirmOrYes(
          io,
          yes,
          "Remove it? If a program writes to the session after all, what it writes may be lost.",
        );
      }
      // Says by itself that one which lives is not removed.
      const removed = await maintenance.unlock(id);
      if (json) return printJson(io, removed);
      await io.line(
        removed
          ? `${removed.sessionId} unlocked; the lock was held by ${shownMessage(removed.holder)}`
          : `${id} is not locked; nothing was changed`,
      );
    });
}

import { maintenanceOf } from "@thulp-sessions/config";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { printJson } from "../render/json.ts";
import { plural, shownMessage } from "../render/text.ts";
import { placeOfSameKind, requireStore, storeExists } from "../store/store-place.ts";
import { EXIT, Failure, usage } from "../terminal/exit.ts";

export function command(context: Context): AnyCommand {
  return newCommand("recover")
    .description(
      "Writes what can be read of a damaged sqlite: store into a new one. The damaged one is only read, and stays as it is; a session whose own row is lost gets a new id and the tag recovered. Exit code 1 when something could not be read. Single files of an fs: store: thulp-sessions repair.",
    )
    .argument("<to>", "a sqlite: URL at which there is nothing yet")
    .option("--json", "what was recovered as JSON")
    .addHelpText(
      "after",
      examples("check", "recover sqlite:recovered.db", "check --store sqlite:recovered.db"),
    )
    .action(async (to, { json }) => {
      const { io } = context;
      const { store: url, base, readOnly } = await context.config();
      const target = await context.config({ store: to });
      const maintenance = await maintenanceOf(url, base, { readOnly });
      const place = await placeOfSameKind(maintenance, target);
      if (maintenance?.unit !== "store" || place === null)
        throw usage(`recover goes from one sqlite: store to another, not from ${url} to ${target.store}.`);
      requireStore(url, base);
      if (storeExists(target.store, target.base))
        throw new Failure(`There is something at ${target.store} already. Choose another place.`);
      const report = await maintenance.recover(place);
      if (json) await printJson(io, report);
      else {
        for (const { sessionId, message } of report.problems)
          await io.line(`${io.colors.red("problem")}  ${sessionId}: ${shownMessage(message)}`);
        await io.line(
          `${plural(report.sessions, "session")} with ${plural(report.entries, "entry", "entries")} recovered into ${target.store}`,
        );
        io.note(
          `${url} is as it was. To go on with the new one, end every program that uses the old one and give --store ${target.store}.`,
        );
      }
      if (report.problems.length > 0) throw new Failure("", EXIT.problem);
    });
}

import type { AnyCommand } from "../commands.ts";
import type { Context } from "../context.ts";
import { copyWithProgress, isComplete, printReport } from "../copy-report.ts";
import { EXIT, Failure, usage } from "../exit.ts";
import { examples, newCommand } from "../new-command.ts";
import { storeExists } from "../store-place.ts";

export function command(context: Context): AnyCommand {
  return newCommand("backup")
    .description(
      "Copies the whole store into a new fs: or sqlite: store, session by session, and compares each. Others may write meanwhile: every session is copied as it was at one moment. Session by session also from sqlite: to sqlite:; what is not a session (a damaged one, the index for search) is not in it.",
    )
    .argument("<to>", "where to: an fs: or sqlite: URL at which there is nothing yet")
    .option("--allow-lossy", "copy numbers that JavaScript cannot hold as it rounds them")
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      examples(
        "backup fs:backups/2026-11-24",
        "backup sqlite:/mnt/usb/sessions.db --store http://127.0.0.1:4664",
      ),
    )
    .action(async (to, { allowLossy, json }) => {
      const target = await context.config({ store: to });
      if (!/^(?:fs|sqlite):/.test(target.store))
        throw usage(
          `A backup is an fs: or sqlite: store, not ${to}. To copy to a server: thulp-sessions copy.`,
        );
      if (storeExists(target.store, target.base))
        throw new Failure(
          `There is something at ${target.store} already. Choose another place; to go on with an interrupted backup: thulp-sessions copy.`,
        );
      const from = await context.store();
      const report = await copyWithProgress(
        context,
        from,
        await context.otherStore(to, { create: true, bulk: true }),
        {
          allowLossy,
        },
      );
      await printReport(context, report, json);
      if (!isComplete(report)) throw new Failure("The backup does not hold everything.", EXIT.problem);
    });
}

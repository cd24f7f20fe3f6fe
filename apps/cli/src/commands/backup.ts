import { maintenanceOf, parseStoreUrl, placeOf } from "@thulp-sessions/config";
import type { WholeStoreMaintenance } from "@thulp-sessions/core/store";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { copyWithProgress, isComplete, printReport } from "../output/copy-report.ts";
import { printJson } from "../render/json.ts";
import { plural } from "../render/text.ts";
import { bytes } from "../render/time.ts";
import { placeOfSameKind, requireStore, storeExists } from "../store/store-place.ts";
import { EXIT, Failure, usage } from "../terminal/exit.ts";

export function command(context: Context): AnyCommand {
  return newCommand("backup")
    .description(
      "Makes a new fs: or sqlite: store that holds the same; others may write meanwhile. From sqlite: to sqlite: the database as it was at one moment, page by page, damage and the index for search included, and then everything in the copy is checked. Else session by session, each as it was at one moment, and compared.",
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
      const { store: url, base } = await context.config();
      const target = await context.config({ store: to });
      if (parseStoreUrl(url, base).kind === "postgres")
        throw usage(
          `A database is backed up by its own means, e.g. pg_dump: docs/postgres.md. To copy its sessions into another store: thulp-sessions copy ${url} ${target.store}`,
        );
      if (placeOf(parseStoreUrl(target.store, target.base)) === null)
        throw usage(
          `A backup is an fs: or sqlite: store, not ${target.store}. To copy to a server: thulp-sessions copy.`,
        );
      if (storeExists(target.store, target.base))
        throw new Failure(
          `There is something at ${target.store} already. Choose another place; to go on with an interrupted backup: thulp-sessions copy.`,
        );
      const { readOnly } = await context.config();
      const maintenance = await maintenanceOf(url, base, { readOnly });
      const place = await placeOfSameKind(maintenance, target);
      if (maintenance?.unit === "store" && place !== null) {
        requireStore(url, base);
        return backUpWhole(context, maintenance, { place, url: target.store }, json);
      }
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

async function backUpWhole(
  context: Context,
  maintenance: WholeStoreMaintenance,
  to: { readonly place: string; readonly url: string },
  json: boolean | undefined,
): Promise<void> {
  const { io } = context;
  const backup = await context.interruptible(async (signal) => {
    try {
      return await maintenance.backup(to.place, { signal });
    } catch (error) {
      if (signal.aborted) throw new Failure("Interrupted; there is no backup.", EXIT.interrupted);
      throw error;
    }
  });
  const { sessions, bytes: size, findings } = backup;
  if (json) await printJson(io, backup);
  else {
    for (const { kind, sessionId, reason } of findings)
      await io.line(`${io.colors.red(kind)}  ${sessionId ?? ""}: ${reason}`);
    await io.line(`${plural(sessions, "session")} backed up to ${to.url}, ${bytes(size)}, and checked`);
  }
  if (findings.length > 0)
    throw new Failure(
      "The backup is damaged as the store is. thulp-sessions recover TO writes what can be read into a new store.",
    );
}

import { maintenanceOf } from "@thulp-sessions/config";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { printJson } from "../render/json.ts";
import { facts } from "../render/table.ts";
import { confirmOrYes } from "../terminal/confirm.ts";
import { usage } from "../terminal/exit.ts";

export function command(context: Context): AnyCommand {
  return newCommand("repair")
    .description(
      "Recovers the whole entries of a damaged session of an fs: store. The file as it was is kept beside it, whatever happens. Other kinds of store are not repaired session by session.",
    )
    .argument("<id>", "the session, its whole id")
    .option("-y, --yes", "do not ask")
    .option("--json", "what was done as JSON")
    .addHelpText(
      "after",
      examples("check --store fs:.thulp/sessions", "repair $id --store fs:.thulp/sessions"),
    )
    .action(async (id, options) => {
      const { io } = context;
      const { store, base, durability, readOnly } = await context.config();
      const maintenance = await maintenanceOf(store, base, { readOnly });
      if (maintenance?.unit !== "session")
        throw usage(
          `repair works on single files of an fs: store; this one is ${store}. ${maintenance ? "thulp-sessions recover TO writes what is whole into a new store." : ""}`.trim(),
        );
      const damage = (await maintenance.check()).find(
        ({ kind, sessionId }) => kind === "damaged" && sessionId === id.toLowerCase(),
      );
      if (damage) {
        io.note(
          `${damage.path}: ${damage.reason}${damage.offset === undefined ? "" : `, from byte ${damage.offset}`}`,
        );
        await confirmOrYes(io, options.yes, "Keep what is whole, and the file as it was beside it?");
      }
      // Says by itself when there is no such session, or when it is not to be repaired.
      const report = await maintenance.repair(id, { durability });
      if (options.json) return printJson(io, report);
      if (!report) return io.line(`${id} is not damaged; nothing was changed`);
      await io.print(
        `${facts(
          [
            [
              "recovered",
              `${report.entryCount} entries${report.repeated > 0 ? `, ${report.repeated} repeated ones left out` : ""}`,
            ],
            [
              "metadata",
              report.metadata === "kept"
                ? "kept"
                : "made up: it could not be read; the session has the tag recovered",
            ],
            ["context", report.context === "kept" ? "kept" : "lost: it could not be read"],
            ["damage", `${report.reason}, from byte ${report.offset}`],
            ["kept in", report.kept],
          ],
          io.colors,
        ).join("\n")}\n`,
      );
    });
}

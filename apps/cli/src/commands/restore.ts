import { maintenanceOf } from "@thulp-sessions/config";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { printJson } from "../render/json.ts";
import { plural } from "../render/text.ts";
import { bytes } from "../render/time.ts";
import { placeOfSameKind, requireStore } from "../store/store-place.ts";
import { usage } from "../terminal/exit.ts";

export function command(context: Context): AnyCommand {
  return newCommand("restore")
    .description(
      "Puts a backup into the place of a sqlite: store, in one step. The backup is checked whole before, and only read; what was in the place is kept under another name, with its log. Refused while any program has the store open, a server too. Into an fs: store, or from one: thulp-sessions copy.",
    )
    .argument("<from>", "a sqlite: URL: what backup has made, or a copy of a store that nobody has open")
    .option("--json", "one JSON text: {sessions, bytes, kept}")
    .addHelpText(
      "after",
      examples("restore sqlite:backups/monday.db", "restore sqlite:monday.db --store sqlite:/data/s.db"),
    )
    .action(async (from, { json }) => {
      const { io } = context;
      const { store: url, base, readOnly } = await context.config();
      const source = await context.config({ store: from });
      const maintenance = await maintenanceOf(url, base, { readOnly });
      const place = await placeOfSameKind(maintenance, source);
      if (maintenance?.unit !== "store" || place === null)
        throw usage(`restore goes from one sqlite: store to another, not from ${source.store} to ${url}.`);
      requireStore(source.store, source.base);
      const report = await maintenance.restore(place);
      if (json) return printJson(io, report);
      const { sessions, kept } = report;
      await io.line(
        `${plural(sessions, "session")} restored from ${source.store}, ${bytes(report.bytes)}, and checked`,
      );
      if (kept !== null) io.note(`What was there before is kept: ${kept}`);
    });
}

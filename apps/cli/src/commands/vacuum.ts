import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { printVacuum } from "../output/vacuum-report.ts";
import { printJson } from "../render/json.ts";
import { fileMaintenance } from "../store/file-maintenance.ts";
import { requireStore } from "../store/store-place.ts";

export function command(context: Context): AnyCommand {
  return newCommand("vacuum")
    .description(
      "Takes what was deleted out of the files, gives its space back to the file system, and says which files may still hold something of it. A sqlite: store is rewritten: that needs room for a second copy, and blocks other writers meanwhile. Of an fs: store it removes what killed programs have left, and what lists have remembered.",
    )
    .option("--json", "one JSON text: {bytesFreed, left}")
    .addHelpText("after", examples("prune --older-than 90d --yes", "vacuum"))
    .action(async ({ json }) => {
      const { io } = context;
      const { store: url, base } = await context.config();
      const maintenance = await fileMaintenance(context, "vacuum");
      requireStore(url, base);
      const report = await maintenance.vacuum();
      if (json) return printJson(io, report);
      await printVacuum(context, report, (line) => io.line(line));
    });
}

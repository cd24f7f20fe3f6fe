import { maintenanceOf } from "@thulp-sessions/config";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { printJson } from "../render/json.ts";
import { bytes } from "../render/time.ts";
import { requireStore } from "../store/store-place.ts";
import { usage } from "../terminal/exit.ts";

export function command(context: Context): AnyCommand {
  return newCommand("vacuum")
    .description(
      "Gives the space of what was deleted from a sqlite: store back to the file system, by rewriting the file: that needs room for a second copy, and blocks other writers meanwhile. An fs: store needs none of it.",
    )
    .option("--json", "one JSON text: {bytesFreed}")
    .addHelpText("after", examples("prune --older-than 90d --yes", "vacuum"))
    .action(async ({ json }) => {
      const { io } = context;
      const { store: url, base, readOnly } = await context.config();
      const maintenance = await maintenanceOf(url, base, { readOnly });
      if (maintenance?.unit !== "store")
        throw usage(`vacuum is for a sqlite: store, where its file is; this one is ${url}.`);
      requireStore(url, base);
      const report = await maintenance.vacuum();
      if (json) return printJson(io, report);
      await io.line(`${bytes(report.bytesFreed)} given back`);
    });
}

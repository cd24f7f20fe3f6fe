import { maintenanceOf } from "@thulp-sessions/config";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { printJson } from "../render/json.ts";
import { plural } from "../render/text.ts";
import { usage } from "../terminal/exit.ts";

export function command(context: Context): AnyCommand {
  return newCommand("migrate")
    .description(
      "Makes the tables of a postgres: store (of a shards: store, of each such shard) where they are missing, and brings old ones up to date, while others use them. Every program does that when it opens the store, unless its URL says migrate=off: then this is run first, as a role that may make tables.",
    )
    .option("--json", "one JSON text: {applied}")
    .addHelpText("after", examples("migrate --store postgres://owner@db.internal/agents"))
    .action(async ({ json }) => {
      const { io } = context;
      const { store: url, base } = await context.config();
      const maintenance = await maintenanceOf(url, base);
      if (maintenance?.unit !== "database")
        throw usage(`migrate is for a postgres: store; this one is ${url}.`);
      const report = await maintenance.migrate();
      if (json) await printJson(io, report);
      else if (report.applied === 0) await io.line("The tables are up to date.");
      else await io.line(`${plural(report.applied, "step")} applied; the tables are up to date.`);
    });
}

import { Option } from "@commander-js/extra-typings";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { filterOf, withFilterOptions } from "../input/filter-options.ts";
import { copyWithProgress, isComplete, printReport } from "../output/copy-report.ts";
import { EXIT, Failure, usage } from "../terminal/exit.ts";

export function command(context: Context): AnyCommand {
  return withFilterOptions(newCommand("copy"))
    .description(
      "Copies sessions from one store to another, compares each with the original before it counts, and may be run again: it finishes what is missing and skips what is equal. Exit code 1 when something was left out. A token goes to both stores when both are servers.",
    )
    .argument("<from>", "the URL of a store")
    .argument("<to>", "the URL of another; made when it is not there")
    .addOption(
      new Option(
        "--on-conflict <how>",
        "a session that the target has with other contents: newer replaces it by a newer one, replace in any case, skip leaves it and is content (else it is left, and reported)",
      ).choices(["newer", "replace", "skip"] as const),
    )
    .option("--allow-lossy", "copy numbers that JavaScript cannot hold as it rounds them")
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      examples(
        "copy fs:.thulp/sessions sqlite:.thulp/sessions.db",
        "copy sqlite:a.db http://127.0.0.1:4664 --tag keep --since 30d",
        "copy fs:a fs:b --on-conflict newer",
      ),
    )
    .action(async (fromUrl, toUrl, options) => {
      const { onConflict, allowLossy, json, ...filter } = options;
      const [source, target] = [
        await context.config({ store: fromUrl }),
        await context.config({ store: toUrl }),
      ];
      if (source.store === target.store) throw usage(`Both are ${source.store}: there is nothing to copy.`);
      const from = await context.otherStore(fromUrl);
      const to = await context.otherStore(toUrl, { create: true, bulk: true });
      const report = await copyWithProgress(context, from, to, {
        filter: filterOf(filter),
        onConflict: onConflict === "skip" ? "keep" : onConflict,
        allowLossy,
      });
      const shown = onConflict === "skip" && !json ? { ...report, conflicts: [] } : report;
      await printReport(context, shown, json);
      if (onConflict === "skip" && !json && report.conflicts.length > 0)
        await context.io.line(`${report.conflicts.length} skipped`);
      if (!isComplete(onConflict === "skip" ? { ...report, conflicts: [] } : report))
        throw new Failure("", EXIT.problem);
    });
}

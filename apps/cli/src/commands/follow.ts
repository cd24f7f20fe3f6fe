import { Option } from "@commander-js/extra-typings";
import type { FileReport } from "@thulp-sessions/transcripts";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { redactionKey } from "../redaction/redaction-key.ts";
import { plural } from "../render/text.ts";
import { AGENT_NAMES } from "../transcripts/agents.ts";

export function command(context: Context): AnyCommand {
  return newCommand("follow")
    .description(
      "Takes in what other agents write, as they write it, until Ctrl-C. What import --from takes in is taken in first. Where nothing says which store, it is home:, your own. A record is taken when its line has ended, or its file was quiet for two seconds.",
    )
    .argument("[path...]", "folders or files of the agent (where it keeps them on this machine)")
    .addOption(
      new Option("--from <agent>", "whose histories; auto: of all that are found")
        .choices([...AGENT_NAMES, "auto"] as const)
        .makeOptionMandatory(),
    )
    .option("-y, --yes", "do not ask")
    .option("--redact", "replaces what surely is a secret by a mark before it is stored, as import does")
    .option("--jsonl", "a JSON text for each file in which something was new, one a line")
    .addHelpText("after", examples("follow --from claude-code", "follow --from auto --yes --store fs:kept"))
    .action(async (typed, { from, yes, jsonl, redact: isRedacted }) => {
      const { io } = context;
      const { askFirst, sourcesOf } = await import("../transcripts/sources.ts");
      const { fileLine } = await import("../transcripts/import-report.ts");
      const { loadKnownFiles } = await import("../transcripts/known-files.ts");
      const { followTranscripts } = await import("@thulp-sessions/transcripts");
      const isHome = await context.preferHome();
      const sources = await sourcesOf(context, typed, from);
      await askFirst(context, sources, typed.length > 0, { from, yes });
      const redact = isRedacted ? { key: await redactionKey() } : undefined;
      const store = await context.store({ create: true });
      context.showWarningsImmediately();
      const tell = async (reports: readonly FileReport[]) => {
        for (const report of reports) await io.line(jsonl ? JSON.stringify(report) : fileLine(report));
      };
      await context.interruptible(async (signal) => {
        const given = new AbortController();
        const end = AbortSignal.any([signal, given.signal]);
        let gone: unknown;
        const onReports = (reports: readonly FileReport[]) =>
          void tell(reports).catch((error: unknown) => {
            // Nobody reads any more.
            gone = error;
            given.abort();
          });
        const onError = (error: unknown) => context.warn((error as Error).message);
        io.note(`following ${plural(sources.length, "agent")}${isHome ? " into home:" : ""}; Ctrl-C ends it`);
        await Promise.all(
          sources.map(async (source) => {
            const known = await loadKnownFiles(context, source.reader.agent);
            const options = { signal: end, onReports, onError, redact, known: known?.files };
            await followTranscripts(store, [source], options);
            await known?.save();
          }),
        );
        if (gone !== undefined) throw gone;
      });
    });
}

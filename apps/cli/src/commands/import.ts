import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { type CopyReport, isSessionError, parseSessionId, type SessionStore } from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { readSessionLines } from "../input/import-lines.ts";
import { parseObject, readText } from "../input/read-input.ts";
import { parseWhen } from "../input/when.ts";
import { copyWithProgress, isComplete, printReport } from "../output/copy-report.ts";
import { withTempFiles } from "../store/temp-store.ts";
import { EXIT, Failure, usage } from "../terminal/exit.ts";
import { AGENT_NAMES } from "../transcripts/agents.ts";

// Longer than most functions: the options of what export has written, and of what other agents keep.
export function command(context: Context): AnyCommand {
  return newCommand("import")
    .description(
      "Takes in what export has written as JSON or JSONL, and session files of thulp-workspace. Ids are kept, so that a repeat is harmless. Exit code 1 when something was left out. With --from it takes in the histories that other agents keep on this machine, or at the paths that are named; again it adds what is new.",
    )
    .argument("[file...]", "the files; - is standard input. With --from: folders or files of the agent")
    .addOption(
      new Option("--from <agent>", "the histories of another agent; auto: of all that are found")
        .choices([...AGENT_NAMES, "auto"] as const)
        .conflicts(["format", "onConflict", "allowLossy"]),
    )
    .option("--dry-run", "with --from: only say what would be done")
    .addOption(
      new Option("--since <when>", "with --from: only files that were changed since").argParser(parseWhen),
    )
    .option("-v, --verbose", "with --from: a line for every file")
    .option("-y, --yes", "with --from: do not ask")
    .addOption(
      new Option("--format <format>", "what they are (found out by looking)").choices([
        "json",
        "jsonl",
      ] as const),
    )
    .addOption(
      new Option(
        "--on-conflict <how>",
        "a session that is there with other contents: newer replaces it by a newer one, replace in any case (else it is left, and reported)",
      ).choices(["newer", "replace"] as const),
    )
    .option("--allow-lossy", "take numbers that JavaScript cannot hold as it rounds them (JSON only)")
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      examples(
        "import session.json",
        "import *.json --on-conflict newer",
        "export 0190a3c5 --format jsonl | thulp-sessions import - --store fs:elsewhere",
        "import --from claude-code --dry-run",
        "import --from codex ~/.codex/archived_sessions",
      ),
    )
    .action(async (files, { format, json, from, dryRun, since, verbose, yes, ...options }) => {
      if (from !== undefined) {
        const { importFrom } = await import("../transcripts/import-from.ts");
        return importFrom(context, files, { from, dryRun, since, verbose, yes, json });
      }
      const stray = Object.entries({
        "--dry-run": dryRun,
        "--since": since,
        "--verbose": verbose,
        "--yes": yes,
      });
      for (const [flag, value] of stray) if (value !== undefined) throw usage(`${flag} goes with --from.`);
      if (files.length === 0) throw usage("Which files? Or, for what other agents have kept: --from AGENT.");
      const texts: { name: string; text: string }[] = [];
      for (const file of files)
        texts.push({ name: file === "-" ? "standard input" : file, text: await readText(context, file) });
      const to = await context.store({ create: true });
      let sum: CopyReport = {
        copied: 0,
        equal: 0,
        replaced: 0,
        conflicts: [],
        inexact: [],
        unreadable: [],
        refused: [],
      };
      const take = async (from: SessionStore) => {
        sum = add(sum, await copyWithProgress(context, from, to, options));
      };
      for (const { name, text } of texts) {
        const isLines =
          format === undefined
            ? /^\s*\{[^\n]*"type"\s*:\s*"session"[^\n]*\}\s*(?:\n|$)/.test(text)
            : format === "jsonl";
        if (isLines) await take(await readSessionLines(text, name));
        else
          await withTempFiles(async (folder, open) => {
            await writeFile(join(folder, `${idIn(text, name)}.json`), text, { mode: 0o600 });
            await take(await open());
          });
      }
      await printReport(context, sum, json);
      if (!isComplete(sum)) throw new Failure("", EXIT.problem);
    });
}

/** The id that a session file says; it names the file in the store. */
function idIn(text: string, name: string): string {
  const { metadata } = parseObject(text, name) as { readonly metadata?: { readonly id?: unknown } };
  try {
    return parseSessionId(metadata?.id as string);
  } catch (error) {
    if (!isSessionError(error)) throw error;
    throw usage(`${name}: this is no session: metadata.id: ${error.message}`);
  }
}

function add(a: CopyReport, b: CopyReport): CopyReport {
  return {
    copied: a.copied + b.copied,
    equal: a.equal + b.equal,
    replaced: a.replaced + b.replaced,
    conflicts: [...a.conflicts, ...b.conflicts],
    inexact: [...a.inexact, ...b.inexact],
    unreadable: [...a.unreadable, ...b.unreadable],
    refused: [...a.refused, ...b.refused],
  };
}

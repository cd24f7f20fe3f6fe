import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { type CopyReport, isSessionError, parseSessionId, type SessionStore } from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { readSessionLines } from "../input/import-lines.ts";
import { nameOfInput, parseObject, readText } from "../input/read-input.ts";
import { repairOption, sayRepairs, TextRepair } from "../input/text-repair.ts";
import { copyWithProgress, isComplete, printReport } from "../output/copy-report.ts";
import { withTempFiles } from "../store/temp-store.ts";
import { EXIT, Failure, usage } from "../terminal/exit.ts";

export function command(context: Context): AnyCommand {
  return newCommand("import")
    .description(
      "Takes in what export has written as JSON or JSONL, and session files of thulp-workspace. Ids are kept, so that a repeat is harmless. Exit code 1 when something was left out.",
    )
    .argument("<file...>", "the files; - is standard input")
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
    .addOption(repairOption)
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      examples(
        "import session.json",
        "import *.json --on-conflict newer",
        "export 0190a3c5 --format jsonl | thulp-sessions import - --store fs:elsewhere",
      ),
    )
    .action(async (files, { format, json, repairText, ...options }) => {
      const repair = repairText ? new TextRepair() : undefined;
      const texts: { name: string; text: string }[] = [];
      for (const file of files)
        texts.push({ name: nameOfInput(file), text: await readInput(context, file, repair) });
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
      sayRepairs(context, repair);
      await printReport(context, sum, json);
      if (!isComplete(sum)) throw new Failure("", EXIT.problem);
    });
}

async function readInput(context: Context, path: string, repair: TextRepair | undefined): Promise<string> {
  const text = await readText(context, path, repair);
  return repair?.json(text, nameOfInput(path)) ?? text;
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

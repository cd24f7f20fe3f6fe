import { Option } from "@commander-js/extra-typings";
import type { CopyReport, SessionStore } from "@thulp-sessions/core";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { nameOfInput } from "../input/decode-text.ts";
import { importJson } from "../input/import-json.ts";
import { importLines } from "../input/import-lines.ts";
import { Input, type Line } from "../input/read-input.ts";
import { repairOption, sayRepairs, TextRepair } from "../input/text-repair.ts";
import { parseWhen } from "../input/when.ts";
import { copyWithProgress, isComplete, printReport } from "../output/copy-report.ts";
import { redactedSource } from "../redaction/redacted-source.ts";
import { plural, shownMessage } from "../render/text.ts";
import { EXIT, Failure, usage } from "../terminal/exit.ts";
import { AGENT_NAMES } from "../transcripts/agents.ts";

// Longer than most functions: the options of what export has written, and of what other agents keep.
export function command(context: Context): AnyCommand {
  return newCommand("import")
    .description(
      "Takes in what export has written as JSON or JSONL, session files of thulp-workspace, and JSON lists of these. Ids are kept, so that a repeat is harmless. Every input is reported on, whatever is wrong with another; exit code 1 when something was left out, 2 when nothing was taken in. With --from it takes in the histories that other agents keep on this machine, or at the paths that are named, into home: where nothing says which store; again it adds what is new.",
    )
    .argument("[file...]", "the files; - is standard input. With --from: folders or files of the agent")
    .addOption(
      new Option("--from <agent>", "the histories of another agent; auto: of all that are found")
        .choices([...AGENT_NAMES, "auto"] as const)
        .conflicts(["format", "onConflict", "allowLossy", "skipBad", "repairText"]),
    )
    .option("--dry-run", "with --from: only say what would be done")
    .addOption(
      new Option("--since <when>", "with --from: only files that were changed since").argParser(parseWhen),
    )
    .option(
      "--project [folder]",
      "with --from: only histories of this folder and those within (the current one), and into its store",
    )
    .addOption(
      new Option(
        "--hook",
        "with --from: only the transcript that a hook of the agent tells of on standard input, within 5 seconds; prints nothing, and always ends with 0: what was wrong stands in hook.log",
      ).conflicts(["format", "dryRun", "since", "project", "verbose", "json", "yes"]),
    )
    .option(
      "--redact",
      "replaces what surely is a secret by a mark, the same for the same secret, before it is stored; says what was where",
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
    .addOption(repairOption)
    .option("--skip-bad", "pass over the lines of JSONL that are wrong, and say which")
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      examples(
        "import session.json",
        "import *.json --on-conflict newer",
        "export 0190a3c5 --format jsonl | thulp-sessions import - --store fs:elsewhere",
        "import --from claude-code --dry-run",
        "import --from codex ~/.codex/archived_sessions",
        "import --from auto --redact",
      ),
    )
    .action(
      async (
        files,
        {
          format,
          json,
          repairText,
          skipBad,
          from,
          hook,
          dryRun,
          since,
          project,
          verbose,
          yes,
          redact,
          ...options
        },
      ) => {
        if (hook) {
          const { importHook } = await import("../transcripts/import-hook.ts");
          return importHook(context, from, redact);
        }
        if (from !== undefined) {
          const { importFrom } = await import("../transcripts/import-from.ts");
          return importFrom(context, files, { from, dryRun, since, project, verbose, yes, json, redact });
        }
        const stray = Object.entries({
          "--dry-run": dryRun,
          "--since": since,
          "--project": project,
          "--verbose": verbose,
          "--yes": yes,
        });
        for (const [flag, value] of stray) if (value !== undefined) throw usage(`${flag} goes with --from.`);
        if (files.length === 0)
          throw usage("Which files? Or, for what other agents have kept: --from AGENT.");
        const repair = repairText ? new TextRepair() : undefined;
        const to = await context.store({ create: true });
        const report: ImportReport = { ...EMPTY, failed: [], skippedLines: 0 };
        const take = async (from: SessionStore) => {
          const source = redact ? await redactedSource(context, from) : undefined;
          add(report, await copyWithProgress(context, source?.store ?? from, to, options));
          source?.tell();
        };
        const exitCodes: number[] = [];
        const onBad = (message: string) => {
          report.skippedLines++;
          context.warn(`passed over: ${message}`);
        };
        try {
          for (const file of files)
            await importInput(context, file, {
              format,
              repair,
              take,
              onBad: skipBad ? onBad : undefined,
            }).catch((error) => {
              const { exitCode, message } = failureOf(error);
              exitCodes.push(exitCode);
              report.failed.push({ input: nameOfInput(file), message });
            });
        } finally {
          // Also of what was done before something failed that no input is to blame for.
          sayRepairs(context, repair);
          await printImport(context, report, json);
        }
        if (report.failed.length > 0 && isEmpty(report)) throw new Failure("", Math.min(...exitCodes));
        if (!isComplete(report) || report.failed.length > 0 || report.skippedLines > 0)
          throw new Failure("", EXIT.problem);
      },
    );
}

interface ImportReport extends Mutable<CopyReport> {
  /** The inputs, or what follows a wrong line in one, that were not taken. */
  readonly failed: { readonly input: string; readonly message: string }[];
  skippedLines: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const EMPTY: CopyReport = {
  copied: 0,
  equal: 0,
  replaced: 0,
  conflicts: [],
  inexact: [],
  unreadable: [],
  refused: [],
};

interface InputOptions {
  readonly format: "json" | "jsonl" | undefined;
  readonly repair: TextRepair | undefined;
  readonly take: (from: SessionStore) => Promise<void>;
  readonly onBad: ((message: string) => void) | undefined;
}

async function importInput(
  context: Context,
  path: string,
  { format, repair, take, onBad }: InputOptions,
): Promise<void> {
  const input = await Input.open(context, path);
  const first = await input.firstLine();
  if (first === "") throw usage(`${input.name}: it is empty.`);
  const isLines = format === undefined ? SESSION_LINE.test(first ?? "") : format === "jsonl";
  if (!isLines) return importJson(input, { repair, take });
  const lines = repaired(input.lines(repair), input.name, repair);
  return importLines(lines, { name: input.name, onBad, take });
}

const SESSION_LINE = /^\s*\{.*"type"\s*:\s*"session".*\}\s*$/;

async function* repaired(
  lines: AsyncIterable<Line>,
  name: string,
  repair: TextRepair | undefined,
): AsyncGenerator<Line> {
  for await (const { line, number } of lines)
    yield { line: repair?.json(line, `${name}, line ${number}`) ?? line, number };
}

/** What is wrong with an input. @throws what ends the whole command. */
function failureOf(error: unknown): Failure {
  if (error instanceof Failure && error.exitCode !== EXIT.interrupted) return error;
  throw error;
}

async function printImport(context: Context, report: ImportReport, json: boolean | undefined): Promise<void> {
  const { failed, skippedLines } = report;
  if (json || failed.length === 0 || !isEmpty(report)) await printReport(context, report, json);
  for (const { message } of failed) context.io.note(`thulp-sessions: ${shownMessage(message)}`);
  if (skippedLines > 0) context.warn(`${plural(skippedLines, "line")} passed over.`);
}

function isEmpty({ copied, equal, replaced, conflicts, inexact, unreadable, refused }: CopyReport): boolean {
  const lists = [conflicts, inexact, unreadable, refused];
  return copied + equal + replaced + lists.reduce((sum, list) => sum + list.length, 0) === 0;
}

function add(sum: ImportReport, more: CopyReport): void {
  sum.copied += more.copied;
  sum.equal += more.equal;
  sum.replaced += more.replaced;
  sum.conflicts = [...sum.conflicts, ...more.conflicts];
  sum.inexact = [...sum.inexact, ...more.inexact];
  sum.unreadable = [...sum.unreadable, ...more.unreadable];
  sum.refused = [...sum.refused, ...more.refused];
}

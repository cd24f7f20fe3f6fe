import { Option } from "@commander-js/extra-typings";
import type { EntryType, JsonValue, NewEntry, SessionManager } from "@thulp-sessions/core";
import { InvalidArgumentError } from "commander";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { nameOfInput } from "../input/decode-text.ts";
import { parseEntryLine } from "../input/entry-lines.ts";
import { readLines, readText } from "../input/read-input.ts";
import { idToChange } from "../input/session-id.ts";
import { repairOption, sayRepairs, TextRepair } from "../input/text-repair.ts";
import { printJson } from "../render/json.ts";
import { plural } from "../render/text.ts";
import { usage } from "../terminal/exit.ts";

const ROLES = ["user", "assistant", "system"] as const;
/** Of a batch, which is stored whole or not at all. */
const BATCH_ENTRIES = 500;
const BATCH_CHARACTERS = 4 * 1024 * 1024;

export function command(context: Context): AnyCommand {
  return newCommand("append")
    .description(
      "Adds an entry at the end of a session, or with --jsonl many. An entry whose id is there already with the same content is not stored again, so that a repeat is harmless.",
    )
    .argument("<id>", "the session, its whole id")
    .argument("[text...]", "what is said; from standard input where it is absent or -")
    .addOption(new Option("--role <role>", "who says it").choices(ROLES))
    .option("--tool <name>", "a call of this tool; the text is its result")
    .option("--skill <name>", "a run of this skill; the text is its result")
    .option("--failed", "the tool or skill has failed")
    .option("--event <name>", "an event of the system")
    .option("--score <number>", "the result of an evaluation", parseNumber)
    .option("--metric <name=number>", "a measure of an evaluation; again for more", parseMetric)
    .option("--content <json>", "the content as JSON, instead of a text")
    .option("--file <path>", "the text from this file; - is standard input")
    .option(
      "--jsonl <path>",
      'many: a file (or -) with an entry a line, {"id","timestamp","entryType","content"}; both first may be absent',
    )
    .addOption(repairOption)
    .option("--redact", "stores a mark in the place of what surely is a secret, and says what was where")
    .option("--entry-id <id>", "the id of the entry, a UUID: makes a repeat harmless")
    .option("--json", "what became of it as JSON")
    .addHelpText(
      "after",
      examples(
        'append $id "Please fix the build"',
        "append $id --role assistant --file answer.md",
        "append $id --tool run_tests --failed < log.txt",
        `append $id --tool get_weather --content '{"celsius":21}'`,
        "append $id --score 0.93 --metric latency=1.2 done",
        "append $id --jsonl entries.jsonl",
      ),
    )
    .action(async (typed, words, options) => {
      const { io } = context;
      if (options.jsonl !== undefined) {
        const { jsonl, json, repairText, redact: _, ...others } = options;
        const other = Object.keys(others)[0] ?? (words.length > 0 ? "a text" : undefined);
        if (other !== undefined)
          throw usage(`--jsonl says what is added; it does not go together with ${other}.`);
        const { manager, tell } = await managerOf(context, options);
        const id = await idToChange(context, manager.store, typed);
        await appendLines(context, manager, id, jsonl, { json, repairText });
        return tell();
      }
      const repair = options.repairText ? new TextRepair() : undefined;
      const entryType = entryTypeOf(options);
      const content = await contentOf(context, words, options, repair);
      const { manager, tell } = await managerOf(context, options);
      const id = await idToChange(context, manager.store, typed);
      const result = await manager.addEntries(id, [{ id: options.entryId, entryType, content }]);
      sayRepairs(context, repair);
      tell();
      if (options.json) return printJson(io, result);
      const [entry] = result.entries;
      if (io.terminal)
        await io.line(entry?.added ? `added #${entry.seq}` : `#${entry?.seq} was there already`);
      else await io.line(entry?.id);
    });
}

/** The manager, which redacts what it adds where that is asked for, and what then says what was found. */
async function managerOf(context: Context, { redact }: { readonly redact?: true | undefined }) {
  if (!redact) return { manager: await context.manager(), tell: () => {} };
  const { redactedEntries } = await import("../redaction/redacted-source.ts");
  const entries = await redactedEntries(context);
  return { manager: await context.manager({ redact: entries.redact }), tell: entries.tell };
}

interface EntryOptions {
  readonly role?: (typeof ROLES)[number] | undefined;
  readonly tool?: string | undefined;
  readonly skill?: string | undefined;
  readonly failed?: true | undefined;
  readonly event?: string | undefined;
  readonly score?: number | undefined;
  readonly metric?: Readonly<Record<string, number>> | undefined;
  readonly content?: string | undefined;
  readonly file?: string | undefined;
}

function entryTypeOf({ role, tool, skill, failed, event, score, metric }: EntryOptions): EntryType {
  const kinds = Object.entries({ role, tool, skill, event, score }).filter(
    ([, value]) => value !== undefined,
  );
  if (kinds.length > 1) throw usage(`--${kinds[0]?.[0]} and --${kinds[1]?.[0]}: an entry is one of them.`);
  if (failed && tool === undefined && skill === undefined)
    throw usage("--failed says something of a --tool or a --skill.");
  if (metric && score === undefined) throw usage("--metric goes together with --score.");
  if (tool !== undefined) return { type: "tool_call", toolName: tool, success: !failed };
  if (skill !== undefined) return { type: "skill_execution", skillName: skill, success: !failed };
  if (event !== undefined) return { type: "system_event", event };
  if (score !== undefined) return { type: "evaluation_result", score, metrics: metric ?? {} };
  return { type: `${role ?? "user"}_message` as const };
}

async function contentOf(
  context: Context,
  words: readonly string[],
  { content, file }: EntryOptions,
  repair: TextRepair | undefined,
): Promise<JsonValue> {
  const given = [
    content !== undefined && "--content",
    file !== undefined && "--file",
    words.length > 0 && "a text",
  ].filter(Boolean);
  if (given.length > 1) throw usage(`${given.join(" and ")}: give one of them.`);
  if (content !== undefined) {
    try {
      return JSON.parse(repair?.json(content, "--content") ?? content) as JsonValue;
    } catch (error) {
      throw usage(`--content: this is no JSON: ${(error as Error).message}.`);
    }
  }
  const fromInput = file !== undefined || words.length === 0 || (words.length === 1 && words[0] === "-");
  // An editor ends the last line; what is said does not.
  const text = fromInput
    ? (await readText(context, file ?? "-", repair)).replace(/\r?\n$/, "")
    : words.join(" ");
  return { text };
}

async function appendLines(
  context: Context,
  manager: SessionManager,
  id: string,
  path: string,
  { json, repairText }: { readonly json?: true | undefined; readonly repairText?: true | undefined },
): Promise<void> {
  const { io } = context;
  const repair = repairText ? new TextRepair() : undefined;
  const sums = { added: 0, present: 0, withoutId: 0 };
  let batch: NewEntry[] = [];
  let characters = 0;
  const flush = async () => {
    if (batch.length === 0) return;
    const { entries } = await manager.addEntries(id, batch);
    for (const { added } of entries) sums[added ? "added" : "present"]++;
    batch = [];
    characters = 0;
  };
  try {
    for await (const { line, number } of readLines(context, path, repair)) {
      const place = `${nameOfInput(path)}, line ${number}`;
      const entry = parseEntryLine(repair?.json(line, place) ?? line, place);
      if (entry.id === undefined) sums.withoutId++;
      batch.push(entry);
      characters += line.length;
      if (batch.length >= BATCH_ENTRIES || characters >= BATCH_CHARACTERS) await flush();
    }
    await flush();
  } catch (error) {
    if (sums.added + sums.present > 0)
      io.note(`${plural(sums.added + sums.present, "entry", "entries")} before that are stored.`);
    throw error;
  }
  sayRepairs(context, repair);
  if (json) await printJson(io, sums);
  else await io.line(`${plural(sums.added, "entry", "entries")} added, ${sums.present} there already`);
  if (sums.withoutId > 0)
    context.warn(`${plural(sums.withoutId, "line")} had no "id": doing this again would add them again.`);
}

function parseNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) throw new InvalidArgumentError("expected a number.");
  return number;
}

function parseMetric(text: string, before: Record<string, number> | undefined): Record<string, number> {
  const at = text.lastIndexOf("=");
  if (at < 1) throw new InvalidArgumentError("expected NAME=NUMBER.");
  return { ...before, [text.slice(0, at)]: parseNumber(text.slice(at + 1)) };
}

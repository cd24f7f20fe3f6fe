import type { AnyCommand } from "../command/any-command.ts";
import type { Context, GlobalOptions } from "../command/context.ts";
import { truncate } from "../render/columns.ts";
import { shownName } from "../render/text.ts";
import { COMMANDS } from "./commands.ts";
import { buildProgram } from "./program.ts";

const SHOWN_IDS = 100;
const NAME_COLUMNS = 50;

interface Candidate {
  readonly value: string;
  readonly what: string;
}

/**
 * What may stand in the place of the last, unfinished word of a command line. What goes wrong completes
 * nothing: a shell is no place for messages.
 */
export async function complete(words: readonly string[], context: Context): Promise<Candidate[]> {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const program: AnyCommand = await buildProgram(before, context);
  let command = program;
  const given: string[] = [];
  const globals: Record<string, string> = {};
  for (let i = 0; i < before.length; i++) {
    const word = before[i] as string;
    const [flag = "", inline] = word.split("=", 2);
    const option = optionsOf(program, command).find(({ long, short }) => long === flag || short === flag);
    if (option) {
      const takesValue = option.required || option.optional;
      const value = inline ?? (takesValue ? before[++i] : undefined);
      if (takesValue && value === undefined) return matching(valuesOf(option), typed);
      if (value !== undefined) globals[option.attributeName()] = value;
    } else if (command === program)
      command = program.commands.find((each) => each.name() === word || each.alias() === word) ?? program;
    else given.push(word);
  }
  if (typed.startsWith("-"))
    return matching(
      optionsOf(program, command).flatMap(({ long, description }) =>
        long ? [{ value: long, what: description }] : [],
      ),
      typed,
    );
  if (command === program)
    return matching(
      COMMANDS.map(({ name, summary }) => ({ value: name, what: summary })),
      typed,
    );
  const { registeredArguments } = command;
  const argument =
    registeredArguments[given.length] ?? registeredArguments.findLast(({ variadic }) => variadic);
  if (argument?.argChoices)
    return matching(
      argument.argChoices.map((value) => ({ value, what: argument.description })),
      typed,
    );
  if (argument?.name() !== "id") return [];
  context.globals = globals as GlobalOptions;
  return sessionIds(context, typed);
}

function optionsOf(program: AnyCommand, command: AnyCommand) {
  return [...command.options, ...(command === program ? [] : program.options)].filter(
    ({ hidden }) => !hidden,
  );
}

function valuesOf({ argChoices, description }: AnyCommand["options"][number]): Candidate[] {
  return (argChoices ?? []).map((value) => ({ value, what: description }));
}

function matching(candidates: readonly Candidate[], typed: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(typed));
}

async function sessionIds(context: Context, typed: string): Promise<Candidate[]> {
  const store = await context.store();
  const found: Candidate[] = [];
  const { allSessions } = await import("@thulp-sessions/core");
  for await (const { id, name, status } of allSessions(store)) {
    if (!id.startsWith(typed.toLowerCase())) continue;
    found.push({ value: id, what: `${truncate(shownName(name), NAME_COLUMNS)} (${status})` });
    if (found.length === SHOWN_IDS) return found;
  }
  return found;
}

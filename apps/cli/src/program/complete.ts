import type { SessionId } from "@thulp-sessions/core";
import { visibleText } from "@thulp-sessions/core/text";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context, GlobalOptions } from "../command/context.ts";
import { truncate } from "../render/columns.ts";
import { plural, shownName } from "../render/text.ts";
import { COMMANDS } from "./commands.ts";
import { buildProgram } from "./program.ts";

const SHOWN = 100;
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
  const globals: Record<string, string | true> = {};
  for (let i = 0; i < before.length; i++) {
    const word = before[i] as string;
    const [flag, inline] = flagOf(word);
    const option = optionsOf(program, command).find(({ long, short }) => long === flag || short === flag);
    if (option) {
      const takesValue = option.required || option.optional;
      const value = inline ?? (takesValue ? before[++i] : undefined);
      if (takesValue && value === undefined) {
        context.globals = globals as GlobalOptions;
        return valuesOf(option, context, typed);
      }
      if (value !== undefined) globals[option.attributeName()] = value;
      else if (flag === "--read-only") globals["readOnly"] = true;
    } else if (command === program)
      command = program.commands.find((each) => each.name() === word || each.alias() === word) ?? program;
    else given.push(word);
  }
  context.globals = globals as GlobalOptions;
  const [flag, inline] = flagOf(typed);
  if (flag.startsWith("--") && inline !== undefined) {
    const option = optionsOf(program, command).find(({ long }) => long === flag);
    const values = option ? await valuesOf(option, context, inline) : [];
    return values.map(({ value, what }) => ({ value: `${flag}=${value}`, what }));
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
  // The stores of copy.
  if (["from", "to"].includes(argument?.name() ?? "") && command.name() === "copy") return storeUrls(typed);
  return argument?.name() === "id" ? sessionIds(context, typed) : [];
}

function optionsOf(program: AnyCommand, command: AnyCommand) {
  return [...command.options, ...(command === program ? [] : program.options)].filter(
    ({ hidden }) => !hidden,
  );
}

/** `--store=x`: the flag, and what stands behind it. */
function flagOf(word: string): [flag: string, inline: string | undefined] {
  const at = word.indexOf("=");
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

const TAKE_TAGS = ["--tag", "--add", "--remove"];
const TAKE_IDS = ["--parent", "--session"];

async function valuesOf(
  { long, argChoices, description }: AnyCommand["options"][number],
  context: Context,
  typed: string,
): Promise<Candidate[]> {
  if (argChoices)
    return matching(
      argChoices.map((value) => ({ value, what: description })),
      typed,
    );
  if (long === "--store") return storeUrls(typed);
  if (TAKE_TAGS.includes(long ?? "")) return tags(context, typed);
  return TAKE_IDS.includes(long ?? "") ? sessionIds(context, typed) : [];
}

function matching(candidates: readonly Candidate[], typed: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(typed));
}

/** Their beginnings; what comes behind one that is whole is a file, or known to nobody here. */
async function storeUrls(typed: string): Promise<Candidate[]> {
  const { STORE_URL_BEGINNINGS } = await import("@thulp-sessions/config");
  return matching(STORE_URL_BEGINNINGS, typed).filter(({ value }) => value !== typed);
}

/** The most frequent first. What a line cannot hold, or a terminal would not show, is left to be typed. */
async function tags(context: Context, typed: string): Promise<Candidate[]> {
  const store = await context.store();
  const { items } = await store.count({}, { by: "tag", prefix: typed, limit: SHOWN });
  return items
    .filter(({ value }) => value !== "" && !/[\t\n]/.test(value) && visibleText(value) === value)
    .map(({ value, count }) => ({ value, what: plural(count, "session") }));
}

async function sessionIds(context: Context, typed: string): Promise<Candidate[]> {
  const prefix = typed.toLowerCase();
  const store = await context.store();
  const ids = (await context.idsByName(prefix))?.slice(0, SHOWN);
  const found: Candidate[] = [];
  const { allSessions } = await import("@thulp-sessions/core");
  const query = ids === undefined ? {} : { filter: { ids: ids as SessionId[] } };
  for await (const { id, name, status } of allSessions(store, query)) {
    if (!id.startsWith(prefix)) continue;
    found.push({ value: id, what: `${truncate(shownName(name), NAME_COLUMNS)} (${status})` });
    if (found.length === SHOWN) return found;
  }
  return found;
}

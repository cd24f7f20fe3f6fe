import { type Command, Option } from "@commander-js/extra-typings";
import {
  SESSION_STATUSES,
  SESSION_TYPE_NAMES,
  type SessionFilter,
  type SessionId,
  type SessionStatus,
} from "@thulp-sessions/core";
import { usage } from "../terminal/exit.ts";
import { collect, parseWhen } from "./when.ts";

const statusOption = new Option("--status <status>", "with this status; again for one of several")
  .choices(SESSION_STATUSES)
  .argParser((value, before: SessionStatus[] | undefined): SessionStatus[] => [
    ...(before ?? []),
    oneOf(value, SESSION_STATUSES, "--status"),
  ]);
const typeOption = new Option("--type <type>", "of this type; again for one of several")
  .choices(SESSION_TYPE_NAMES)
  .argParser((value, before: string[] | undefined): string[] => [
    ...(before ?? []),
    oneOf(value.toLowerCase(), SESSION_TYPE_NAMES, "--type"),
  ]);
const tagOption = new Option("--tag <tag>", "with this tag; again for all of several").argParser(collect);
const nameOption = new Option("--name <text>", "with this in the name, whatever the case");
const sinceOption = new Option("--since <when>", "changed since: 2d, 12h, 2026-11-24").argParser(parseWhen);
const untilOption = new Option("--until <when>", "not changed since").argParser(parseWhen);
const createdSinceOption = new Option("--created-since <when>", "made since").argParser(parseWhen);
const createdUntilOption = new Option("--created-until <when>", "made before").argParser(parseWhen);
export const parentOption = new Option("--parent <id>", "forks and children of this session");
export const rootsOption = new Option("--roots", "only sessions without a parent");
const whereOption = new Option(
  "--where <filter>",
  'any filter as JSON: {"or":[{"tag":"a"},{"not":{"tag":"b"}}]}',
);

/** The options that say which sessions are meant, whenever they were changed. */
export function withKindOptions(command: Command) {
  return command
    .addOption(statusOption)
    .addOption(typeOption)
    .addOption(tagOption)
    .addOption(nameOption)
    .addOption(whereOption);
}

/** The same, and of when. What {@link filterOf} makes a filter of. */
export function withFilterOptions(command: Command) {
  return withKindOptions(command)
    .addOption(sinceOption)
    .addOption(untilOption)
    .addOption(createdSinceOption)
    .addOption(createdUntilOption);
}

export interface FilterOptions {
  readonly status?: readonly SessionStatus[] | undefined;
  readonly type?: readonly string[] | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly createdSince?: number | undefined;
  readonly createdUntil?: number | undefined;
  readonly parent?: string | undefined;
  readonly roots?: true | undefined;
  readonly session?: string | undefined;
  readonly where?: string | undefined;
}

/** The filter that the options say; `{}` when there are none. */
export function filterOf(options: FilterOptions): SessionFilter {
  const { status, type, tag, name, since, until, createdSince, createdUntil, parent, roots } = options;
  const { session, where } = options;
  const and: SessionFilter[] = [];
  if (status) and.push(oneOfFilters(status.map((each) => ({ status: each }))));
  if (type) and.push(oneOfFilters(type.map((each) => ({ type: each }))));
  for (const each of tag ?? []) and.push({ tag: each });
  if (name !== undefined) and.push({ nameContains: name });
  // The bounds of a filter are strict; what a person calls "since" is not.
  if (since !== undefined) and.push({ updatedAfter: since - 1 });
  if (until !== undefined) and.push({ updatedBefore: until });
  if (createdSince !== undefined) and.push({ createdAfter: createdSince - 1 });
  if (createdUntil !== undefined) and.push({ createdBefore: createdUntil });
  if (parent !== undefined) and.push({ parent: parent as NonNullable<SessionFilter["parent"]> });
  if (session !== undefined) and.push({ ids: [session as SessionId] });
  if (roots) and.push({ hasParent: false });
  if (where !== undefined) and.push(parseWhere(where));
  const [first] = and;
  return and.length === 0 ? {} : and.length === 1 && first ? first : { and };
}

function oneOfFilters(filters: readonly SessionFilter[]): SessionFilter {
  const [first] = filters;
  return filters.length === 1 && first ? first : { or: filters };
}

function parseWhere(text: string): SessionFilter {
  try {
    return JSON.parse(text) as SessionFilter;
  } catch (error) {
    throw usage(
      `--where: this is no JSON (${(error as Error).message}): expected e.g. '{"status":"active","not":{"tag":"x"}}'.`,
    );
  }
}

function oneOf<T extends string>(value: string, choices: readonly T[], flag: string): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw usage(`${flag}: "${value}" is none of ${choices.join(", ")}.`);
  return found;
}

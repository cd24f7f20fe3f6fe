import type { SessionFilter, SessionStatus } from "@thulp-sessions/core";
import { isSessionId } from "./session-id.ts";
import { oneOf, textOf } from "./url-text.ts";

/** What a list shows. Empty texts ask for nothing. */
export interface ListState {
  /** Looked for in names and in all texts. */
  readonly text: string;
  readonly status: string;
  readonly type: string;
  readonly tag: string;
  readonly skill: string;
  readonly agent: string;
  readonly model: string;
  readonly parent: string;
  /** Days as `YYYY-MM-DD`, both included, in the time zone of UTC, in which the server counts days. */
  readonly since: string;
  readonly until: string;
  readonly sort: "updated" | "created";
  /** A session in two lines, or in a row of columns. */
  readonly view: "compact" | "table";
}

export const EMPTY_LIST: ListState = {
  text: "",
  status: "",
  type: "",
  tag: "",
  skill: "",
  agent: "",
  model: "",
  parent: "",
  since: "",
  until: "",
  sort: "updated",
  view: "compact",
};

/** Each field of a filter, and its parameter in the URL. */
export const LIST_FIELDS = [
  "status",
  "type",
  "tag",
  "skill",
  "agent",
  "model",
  "parent",
  "since",
  "until",
] as const;
/** One of {@link LIST_FIELDS}. */
export type ListField = (typeof LIST_FIELDS)[number];

export function parseListState(params: URLSearchParams): ListState {
  const fields = Object.fromEntries(LIST_FIELDS.map((field) => [field, textOf(params, field)]));
  return {
    ...EMPTY_LIST,
    ...fields,
    text: textOf(params, "q"),
    sort: oneOf(params, "sort", ["updated", "created"]),
    view: oneOf(params, "view", ["compact", "table"]),
  };
}

export function listParams(list: ListState): URLSearchParams {
  const params = new URLSearchParams();
  if (list.text !== "") params.set("q", list.text);
  for (const field of LIST_FIELDS) if (list[field] !== "") params.set(field, list[field]);
  if (list.sort !== "updated") params.set("sort", list.sort);
  if (list.view !== "compact") params.set("view", list.view);
  return params;
}

export const STATUSES: readonly SessionStatus[] = ["active", "completed", "failed", "cancelled", "paused"];
export const DAY_MS = 86_400_000;

/**
 * The filter that the server takes; the text is not in it. What a person has written into the URL that no
 * session can match, such as an unknown status, gives a filter that matches nothing.
 */
export function filterOf(list: ListState): SessionFilter {
  const time = list.sort === "created" ? "created" : "updated";
  const since = dayStart(list.since);
  const until = dayStart(list.until);
  const status = STATUSES.find((each) => each === list.status);
  const parent = list.parent.toLowerCase();
  const isWrong =
    (list.status !== "" && status === undefined) || (list.parent !== "" && !isSessionId(parent));
  return {
    ...(isWrong && { ids: [] }),
    ...(status && { status }),
    ...(list.type !== "" && { type: list.type }),
    ...(list.tag !== "" && { tag: list.tag }),
    ...(list.skill !== "" && { skillName: list.skill }),
    ...(list.agent !== "" && { agentName: list.agent }),
    ...(list.model !== "" && { model: list.model }),
    ...(isSessionId(parent) && { parent }),
    ...(since !== null && { [`${time}After`]: since - 1 }),
    ...(until !== null && { [`${time}Before`]: until + DAY_MS }),
  };
}

/** When a day of UTC begins; `null` for what is no day. */
export function dayStart(day: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null;
  const ms = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(ms) ? null : ms;
}

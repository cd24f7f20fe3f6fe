// Longer than most files: the form of every answer stands in one table.

import {
  type AppendResult,
  type EntryPage,
  type EntryPart,
  type Facets,
  type FoundEntries,
  type FoundEntry,
  type HeadPage,
  type ResolvedIds,
  type RowPage,
  type ScorePage,
  SESSION_STATUSES,
  type SearchPage,
  SessionError,
  type SessionHead,
  type SessionOutline,
  type SessionPage,
  type SessionTree,
  type StoredSession,
  type TurnPage,
  type ValueCountPage,
  type ViewedEntryPage,
} from "@thulp-sessions/core";

// What a server has answered is looked at before anything relies on it. Fields that are not known are left: a
// newer server has more of them.

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => typeof value === "number";
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isBoolean: Check = (value) => typeof value === "boolean";
const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isUuid: Check = (value) =>
  typeof value === "string" && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
const isThere: Check = (value) => value !== undefined;

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const orAbsent =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const arrayOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

function shape(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields);
  return (value) => {
    if (!isObject(value)) return false;
    const given = value as Readonly<Record<string, unknown>>;
    return checks.every(([name, check]) =>
      Object.hasOwn(given, name) ? check(given[name]) : check(undefined),
    );
  };
}

/** One of several objects, which their `type` tells apart. */
function variants(byType: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (!isObject(value)) return false;
    const { type } = value as { readonly type?: unknown };
    return typeof type === "string" && Object.hasOwn(byType, type) && (byType[type] as Check)(value);
  };
}

const isSessionType = variants({
  teacher_demo: shape({ task: isText, model: isText }),
  evaluation: shape({ skillName: isText, testCases: isNumber }),
  refinement: shape({ skillName: isText, iteration: isNumber }),
  conversation: shape({ purpose: isText }),
  agent: shape({ agentName: isText }),
});

const isEntryType = variants({
  user_message: isObject,
  assistant_message: isObject,
  system_message: isObject,
  tool_call: shape({ toolName: isText, success: isBoolean }),
  skill_execution: shape({ skillName: isText, success: isBoolean }),
  evaluation_result: shape({ score: isNumber, metrics: isObject }),
  system_event: shape({ event: isText }),
});

const isStatus: Check = (value) => SESSION_STATUSES.some((status) => status === value);

const isMetadata = shape({
  id: isUuid,
  name: isText,
  sessionType: isSessionType,
  createdAt: isNumber,
  updatedAt: isNumber,
  status: isStatus,
  tags: arrayOf(isText),
  parentSession: orNull(isUuid),
});

const isEntry = shape({
  id: isUuid,
  timestamp: isNumber,
  entryType: isEntryType,
  content: isThere,
  seq: isCount,
});

const headFields = { metadata: isMetadata, context: isObject, version: isText, epoch: isText };
const isHead = shape({
  ...headFields,
  entryCount: isCount,
  turnCount: isCount,
  userMessageCount: isCount,
  assistantMessageCount: isCount,
});
const isDamaged = shape({ metadata: isMetadata, damaged: shape({ code: isText, place: isText }) });

const isOffsets: Check = (value) => arrayOf(isCount)(value) && (value as unknown[]).length === 2;
const isPlace = { snippet: isText, offsets: arrayOf(isOffsets) };
const isHit = shape({
  sessionId: isUuid,
  seq: orNull(isCount),
  ...isPlace,
});

const isCounts = shape({
  entryCount: isCount,
  turnCount: isCount,
  userMessageCount: isCount,
  assistantMessageCount: isCount,
});
const isDamage = shape({ code: isText, place: isText });
const isPreview = shape({ first: orNull(isText), last: orNull(isText) });
const isRowPart = shape({
  counts: orAbsent(isCounts),
  preview: orAbsent(isPreview),
  score: orAbsent(orNull(shape({ score: isNumber, seq: isCount }))),
  damaged: orAbsent(isDamage),
});
const isRow: Check = (value) => isMetadata(value) && isRowPart(value);
const isTruncated = shape({ bytes: isCount });
const isViewedEntry: Check = (value) => isEntry(value) && shape({ truncated: orAbsent(isTruncated) })(value);
const isValueCount = shape({ value: isText, count: isCount });

/** The cursors of a server of ours are far shorter. */
const MAX_CURSOR = 65_536;
const isCursor: Check = (value) => typeof value === "string" && value.length <= MAX_CURSOR;
const pageOf = (item: Check): Check => shape({ items: arrayOf(item), nextCursor: orNull(isCursor) });

/** What says whether an answer is of this type. */
export interface AnswerCheck<T> {
  readonly isIt: Check;
  /** Only for the compiler. */
  readonly type?: T;
}

export const HEAD: AnswerCheck<SessionHead> = { isIt: isHead };
export const SESSION: AnswerCheck<StoredSession> = {
  isIt: shape({ ...headFields, entries: arrayOf(isEntry) }),
};
const isEntryPage = pageOf(isEntry);
export const ENTRY_PAGE: AnswerCheck<EntryPage> = {
  isIt: (value) => isEntryPage(value) && shape({ epoch: isText })(value),
};
export const SESSION_PAGE: AnswerCheck<SessionPage> = { isIt: pageOf(isMetadata) };
export const HEAD_PAGE: AnswerCheck<HeadPage> = {
  isIt: pageOf((value) => (Object.hasOwn(Object(value), "damaged") ? isDamaged(value) : isHead(value))),
};
export const SEARCH_PAGE: AnswerCheck<SearchPage> = { isIt: pageOf(isHit) };
export const COUNT: AnswerCheck<number> = { isIt: isCount };
export const COUNT_PAGE: AnswerCheck<ValueCountPage> = {
  isIt: (value) => pageOf(isValueCount)(value) && shape({ more: isBoolean })(value),
};
export const APPEND_RESULT: AnswerCheck<AppendResult> = {
  isIt: shape({
    entries: arrayOf(shape({ id: isUuid, seq: isCount, timestamp: isNumber, added: isBoolean })),
    entryCount: isCount,
    status: isStatus,
    updatedAt: isNumber,
    version: isText,
    epoch: isText,
    limit: orNull(shape({ kind: isText, current: isNumber, max: isNumber, exceeded: isBoolean })),
  }),
};
export const ROW_PAGE: AnswerCheck<RowPage> = { isIt: pageOf(isRow) };
export const FACETS: AnswerCheck<Facets> = {
  isIt: shape({
    total: isCount,
    facets: arrayOf(shape({ by: isText, items: arrayOf(isValueCount), more: isBoolean })),
  }),
};
export const RESOLVED: AnswerCheck<ResolvedIds> = {
  isIt: shape({ items: arrayOf(isMetadata), more: isBoolean }),
};
const isNode = shape({
  metadata: isMetadata,
  generation: (value) => Number.isSafeInteger(value),
  counts: orNull(isCounts),
  forkPoint: orAbsent(isCount),
});
export const TREE: AnswerCheck<SessionTree> = {
  isIt: shape({ items: arrayOf(isNode), missingParent: orNull(isUuid), more: isBoolean }),
};
export const SCORE_PAGE: AnswerCheck<ScorePage> = {
  isIt: pageOf(
    shape({
      metadata: isMetadata,
      score: orNull(isNumber),
      metrics: orNull(isObject),
      seq: orNull(isCount),
      passed: isCount,
      failed: isCount,
      damaged: orAbsent(isDamage),
    }),
  ),
};
export const VIEWED_ENTRY_PAGE: AnswerCheck<ViewedEntryPage> = {
  isIt: (value) => pageOf(isViewedEntry)(value) && shape({ epoch: isText })(value),
};
export const FOUND_ENTRY: AnswerCheck<FoundEntry> = {
  isIt: shape({ entry: orNull(isEntry), epoch: isText }),
};
const isItems = shape({
  items: arrayOf(shape({ key: isText, value: isThere, truncated: orAbsent(isTruncated) })),
  length: isCount,
  nextOffset: orNull(isCount),
});
export const ENTRY_PART: AnswerCheck<EntryPart> = {
  isIt: variants({
    string: shape({ text: isText, length: isCount, nextOffset: orNull(isCount) }),
    array: isItems,
    object: isItems,
    value: shape({ value: isThere }),
    missing: isObject,
  }),
};
const isBucket = shape({
  seq: isCount,
  timestamp: isNumber,
  counts: isObject,
  failures: isCount,
  score: orAbsent(isNumber),
});
export const OUTLINE: AnswerCheck<SessionOutline> = {
  isIt: shape({ entryCount: isCount, width: isCount, buckets: arrayOf(isBucket), epoch: isText }),
};
const isTurn = shape({ seq: isCount, id: isUuid, timestamp: isNumber, text: isText });
export const TURN_PAGE: AnswerCheck<TurnPage> = {
  isIt: (value) => pageOf(isTurn)(value) && shape({ epoch: isText })(value),
};
export const FOUND_ENTRIES: AnswerCheck<FoundEntries> = {
  isIt: (value) =>
    pageOf(shape({ seq: isCount, ...isPlace }))(value) &&
    shape({ total: orAbsent(isCount), ranges: orAbsent(arrayOf(isOffsets)), epoch: isText })(value),
};
export const DELETED: AnswerCheck<{ readonly deleted: boolean }> = { isIt: shape({ deleted: isBoolean }) };
export const SERVER_INFO: AnswerCheck<{
  readonly capabilities: {
    readonly persistent: boolean;
    readonly writable?: boolean | undefined;
    readonly searchable?: boolean | undefined;
  };
}> = {
  isIt: shape({
    name: orAbsent(isText),
    version: orAbsent(isText),
    durability: orAbsent(orNull(isText)),
    startedAt: orAbsent(isNumber),
    // Servers of before, which could always be written to, do not say it.
    capabilities: shape({
      persistent: isBoolean,
      writable: orAbsent(isBoolean),
      searchable: orAbsent(isBoolean),
    }),
  }),
};

/** Any other is one of a newer server, or of none of ours, and says nothing. */
export const isWatchEvent = variants({
  reset: isObject,
  created: shape({ metadata: shape({ id: isUuid }) }),
  changed: shape({ metadata: shape({ id: isUuid }) }),
  deleted: shape({ id: isUuid }),
});

/** @throws {SessionError} io for an answer that no server of ours gives. */
export function checkAnswer<T>(server: string, value: unknown, { isIt }: AnswerCheck<T>): T {
  if (isIt(value)) return value as T;
  throw wrongAnswer(server, "its answer has another form");
}

export function wrongAnswer(server: string, reason: string): SessionError {
  return new SessionError(
    "io",
    `${server} does not answer as a thulp-sessions server does: ${reason}. Check the URL.`,
  );
}

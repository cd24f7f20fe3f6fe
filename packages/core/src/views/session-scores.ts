import { isSessionError } from "../model/errors.ts";
import type { JsonObject } from "../model/json.ts";
import type { SessionMetadata } from "../model/model.ts";
import { damagedSession } from "../store/base-store.ts";
import type { DamagedSession, ListQuery, SessionStore } from "../store/session-store.ts";
import { cutJson } from "./cut-json.ts";
import { eachInOrder } from "./each-in-order.ts";
import { EntryScan, inOneEpoch } from "./scan-entries.ts";
import { lastResult } from "./session-rows.ts";

/** What one session has given. */
export interface ScoredSession {
  readonly metadata: SessionMetadata;
  /** Of its last evaluation result; `null` where there is none. */
  readonly score: number | null;
  /** Of the same entry; `null` likewise. */
  readonly metrics: Readonly<Record<string, number>> | null;
  /** The `seq` of that entry; `null` likewise. */
  readonly seq: number | null;
  /** How many skill executions had success. */
  readonly passed: number;
  /** How many had not. */
  readonly failed: number;
  /** Some metrics are missing: they take more than 32 KiB. */
  readonly metricsTruncated?: true;
  /** Which part of the session cannot be read; then the fields above say nothing. */
  readonly damaged?: DamagedSession["damaged"];
}

/** Which sessions, by `createdAt`, the oldest first. */
export interface ScoresQuery extends Pick<ListQuery, "filter" | "limit" | "cursor"> {}

/** One page of scores. */
export interface ScorePage {
  readonly items: readonly ScoredSession[];
  /** The `cursor` of the next page of the same query; `null` on the last page. */
  readonly nextCursor: string | null;
}

const AT_A_TIME = 8;
const MAX_METRICS_BYTES = 32 * 1024;

/** @param query checked. */
export async function scorePage(store: SessionStore, query: ScoresQuery): Promise<ScorePage> {
  const page = await store.list({ ...query, orderBy: "createdAt", direction: "asc" });
  const scores = await eachInOrder(page.items, AT_A_TIME, (metadata) => scoreOf(store, metadata));
  return { items: scores.filter((score) => score !== null), nextCursor: page.nextCursor };
}

const NO_SCORE = { score: null, metrics: null, seq: null, passed: 0, failed: 0 };

/** @returns `null` for a session that is gone. */
async function scoreOf(store: SessionStore, metadata: SessionMetadata): Promise<ScoredSession | null> {
  try {
    return await inOneEpoch(metadata.id, async () => {
      const scan = new EntryScan(store, metadata.id);
      const result = await lastResult(scan);
      const type = result?.entryType.type === "evaluation_result" ? result.entryType : null;
      let [passed, failed] = [0, 0];
      for await (const { entryType } of scan.envelopes({ types: ["skill_execution"] })) {
        if (entryType.type !== "skill_execution") continue;
        if (entryType.success) passed++;
        else failed++;
      }
      if (!result || !type) return { metadata, ...NO_SCORE, passed, failed };
      const metrics = cutJson(type.metrics as JsonObject, MAX_METRICS_BYTES) as typeof type.metrics;
      const isCut = metrics !== type.metrics && { metricsTruncated: true as const };
      return { metadata, score: type.score, metrics, seq: result.seq, passed, failed, ...isCut };
    });
  } catch (error) {
    if (isSessionError(error, "not_found")) return null;
    return { metadata, ...NO_SCORE, damaged: damagedSession(metadata, error).damaged };
  }
}

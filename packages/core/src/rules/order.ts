import type { SessionMetadata } from "../model/model.ts";

type Ordered = Pick<SessionMetadata, "id" | "updatedAt">;

/**
 * The order of `list` and of hits, for `sort`: by `updatedAt`, newest first, sessions of one time by id
 * descending.
 */
export function byNewest(a: Ordered, b: Ordered): number {
  return b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

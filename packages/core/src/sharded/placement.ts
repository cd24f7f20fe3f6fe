import type { SessionId } from "../model/ids.ts";

/**
 * Which of so many shards has a session: FNV-1a over the characters of its id, mixed by the last steps of
 * MurmurHash3 (so that ids that differ in one place are spread evenly), modulo their number. It never
 * changes: every session that is stored lies where this says.
 *
 * @param id canonical, as stores have it.
 * @returns from 0.
 */
export function shardOf(id: SessionId, shards: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % shards;
}

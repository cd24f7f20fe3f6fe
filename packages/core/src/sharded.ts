// The public face of one store over several.

export { MAX_SHARDS, openShardedStore, type ShardedStoreOptions } from "./sharded/open-sharded-store.ts";
export { shardOf } from "./sharded/placement.ts";
export type { ShardSource } from "./sharded/shard.ts";
export { ShardedStore } from "./sharded/sharded-store.ts";

import type { SessionStore, WarningListener } from "@thulp-sessions/core";
import { BaseStore, type DatabaseMaintenance, type StoreFinding } from "@thulp-sessions/core/store";
import { type ListedShard, readShardList } from "./shard-list.ts";
import { storePath } from "./store-path.ts";
import type { OpenStoreOptions, StoreLocation, StoreScheme } from "./store-scheme.ts";

type ShardsLocation = Extract<StoreLocation, { kind: "shards" }>;

export const shardsScheme: StoreScheme<ShardsLocation> = {
  schemes: ["shards"],
  form: "shards:FILE",
  parse: (url) => ({ kind: "shards", file: storePath("shards", url) }),
  format: ({ file }) => `shards:${file}`,
  // The file is not the store: it only says where that is.
  placeOf: () => null,
  isRemote: true,
  takesDurability: true,
  open: openShards,
  async maintenance(location, { readOnly }) {
    const shards = readShardList(location.file);
    return shardsMaintenance(location, shards, readOnly);
  },
};

async function openShards(location: ShardsLocation, options: OpenStoreOptions) {
  const { openShardedStore } = await import("@thulp-sessions/core/sharded");
  return openShardedStore({
    location: shardsScheme.format(location),
    shards: readShardList(location.file).map((shard) => ({
      name: shard.url,
      open: () => openShard(shard, options),
    })),
    onWarning: options.onWarning,
  });
}

/** Warnings of opening come from here, since nobody can listen yet; later ones from the store. */
async function openShard(
  { scheme, location, url }: ListedShard,
  options: OpenStoreOptions,
): Promise<BaseStore> {
  let isOpening = true;
  const onWarning: WarningListener = (warning) => isOpening && options.onWarning?.(warning);
  const store: SessionStore = await scheme.open(location, { ...options, onWarning });
  isOpening = false;
  if (store instanceof BaseStore) return store;
  await store.close();
  throw new TypeError(`${url} is opened by a store that does not extend BaseStore.`);
}

/**
 * Findings are those of each shard, and `misplaced` for a session that lies in a shard other than its own.
 * What is mended is mended at the shard: by its own URL.
 */
function shardsMaintenance(
  location: ShardsLocation,
  shards: readonly ListedShard[],
  readOnly: boolean | undefined,
): DatabaseMaintenance {
  const maintenanceOf = ({ scheme, location: place }: ListedShard) => scheme.maintenance(place, { readOnly });
  return {
    kind: "shards",
    unit: "database",
    place: location.file,
    async check() {
      const findings: StoreFinding[] = [];
      for (const [i, shard] of shards.entries()) {
        const own = (await (await maintenanceOf(shard))?.check()) ?? [];
        const title = `shard ${i + 1} of ${shards.length}, ${shard.url}`;
        findings.push(...own.map((each) => ({ ...each, reason: `${title}: ${each.reason}` })));
      }
      return [...findings, ...(await misplacedIn(location))];
    },
    async migrate() {
      let applied = 0;
      for (const shard of shards) {
        const maintenance = await maintenanceOf(shard);
        if (maintenance?.unit === "database") applied += (await maintenance.migrate()).applied;
      }
      return { applied };
    },
  };
}

async function misplacedIn(location: ShardsLocation): Promise<StoreFinding[]> {
  const store = await openShards(location, { readOnly: true });
  try {
    return (await store.misplaced()).map(({ session, shard }) => ({
      kind: "misplaced",
      sessionId: session.id,
      reason: `lies in ${shard}, and belongs to another one: a program has opened that shard by itself`,
    }));
  } finally {
    await store.close();
  }
}

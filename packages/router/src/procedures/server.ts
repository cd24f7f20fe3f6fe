import type { StoreCapabilities } from "@thulp-sessions/core";
import type { ServerFacts } from "../context.ts";
import { procedure, router } from "../trpc.ts";
import { noInput } from "./inputs.ts";

/** What `server.info` answers. */
export interface ServerInfo extends ServerFacts {
  /** The store's `location`, for people. */
  readonly store: string;
  readonly capabilities: StoreCapabilities;
  readonly sessionCount: number;
  readonly subscriptionCount: number;
  readonly waitingWriteCount: number;
  /** Milliseconds. */
  readonly uptime: number;
}

export const serverRouter = router({
  info: procedure.input(noInput).query(async ({ ctx }): Promise<ServerInfo> => {
    const { manager, info } = ctx;
    const { location, capabilities } = manager.store;
    const { subscriptions = 0, waitingWrites = 0 } = ctx.counts?.() ?? {};
    return {
      name: info.name,
      version: info.version,
      store: location,
      capabilities,
      sessionCount: await manager.sessionCount(),
      subscriptionCount: subscriptions,
      waitingWriteCount: waitingWrites,
      durability: info.durability,
      limits: info.limits,
      startedAt: info.startedAt,
      uptime: Math.max(0, Date.now() - info.startedAt),
    };
  }),
});

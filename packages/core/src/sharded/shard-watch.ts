import type { SessionId } from "../model/ids.ts";
import type { StoreChange } from "../store/session-store.ts";
import type { Shard } from "./shard.ts";

/** Where the changes of all shards are emitted. */
interface ChangeSink {
  emit(type: "created" | "changed" | "deleted", id: SessionId): void;
  reset(): void;
}

/** Follows all shards while somebody watches. */
export class ShardWatch {
  readonly #shards: readonly Shard[];
  readonly #changes: ChangeSink;
  #ending: AbortController | undefined;

  constructor(shards: readonly Shard[], changes: ChangeSink) {
    this.#shards = shards;
    this.#changes = changes;
  }

  /**
   * Resolves when every change of any shard from now on will be emitted.
   *
   * @throws {SessionError} busy where a shard is away; then none is followed.
   */
  async start(): Promise<void> {
    const ending = new AbortController();
    this.#ending = ending;
    const { signal } = ending;
    const started = await Promise.allSettled(
      this.#shards.map((shard) => shard.call((_, store) => store.watch({ signal }))),
    );
    for (const each of started) if (each.status === "fulfilled") void this.#follow(each.value, signal);
    const failed = started.find((each) => each.status === "rejected");
    if (!failed) return;
    ending.abort();
    throw failed.reason;
  }

  stop(): void {
    this.#ending?.abort();
    this.#ending = undefined;
  }

  async #follow(changes: AsyncIterable<StoreChange>, signal: AbortSignal): Promise<void> {
    try {
      for await (const change of changes) {
        if (signal.aborted) return;
        if (change.type === "reset") this.#changes.reset();
        else this.#changes.emit(change.type, change.id);
      }
    } catch {
      // No store of ours ends a watch so. What it would have told is not known any more.
      if (!signal.aborted) this.#changes.reset();
    }
  }
}

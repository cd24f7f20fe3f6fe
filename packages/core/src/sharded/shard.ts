import { isSessionError, SessionError } from "../model/errors.ts";
import type { BaseStore } from "../store/base-store.ts";
import type { StoreCapabilities } from "../store/session-store.ts";
import type { StorePart } from "../store/store-part.ts";

/** One store of a list. */
export interface ShardSource {
  /** For messages, e.g. its URL without a password. */
  readonly name: string;
  /** Opens it. Called again, some time after a failure, for as long as it fails with `io` or `busy`. */
  open(): Promise<BaseStore>;
}

/** How long an attempt to open a shard that was away is good for, in ms. */
const REOPEN_AFTER_MS = 1_000;

/**
 * One shard of a store, which may be away: then its calls are refused with `busy`, and it is opened when it
 * is there again. A store that has been opened finds its way back by itself.
 */
export class Shard {
  /** For messages. */
  readonly title: string;
  /** What has to hold before the first call; set when the list is known. @throws {SessionError} */
  check: (store: BaseStore) => Promise<void> = async () => {};
  readonly #source: ShardSource;
  readonly #onOpen: (store: BaseStore) => void;
  #store: { readonly store: BaseStore; readonly part: StorePart } | undefined;
  #opening: Promise<{ readonly store: BaseStore; readonly part: StorePart }> | undefined;
  #failure: { readonly error: unknown; readonly at: number } | undefined;

  /** @param onOpen called with the store once it is open, before it is used. */
  constructor(source: ShardSource, place: number, of: number, onOpen: (store: BaseStore) => void) {
    this.#source = source;
    this.title = `shard ${place} of ${of}, ${source.name}`;
    this.#onOpen = onOpen;
  }

  get name(): string {
    return this.#source.name;
  }

  /** Undefined while it has not been opened. */
  get capabilities(): StoreCapabilities | undefined {
    return this.#store?.store.capabilities;
  }

  /** @throws {SessionError} busy where the shard is away; else what the call throws. */
  async call<T>(work: (part: StorePart, store: BaseStore) => Promise<T>): Promise<T> {
    try {
      const { store, part } = this.#store ?? (await this.#open());
      return await work(part, store);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    await (this.#store ?? opened)?.store.close();
  }

  #open(): Promise<{ readonly store: BaseStore; readonly part: StorePart }> {
    if (this.#failure && Date.now() - this.#failure.at < REOPEN_AFTER_MS)
      return Promise.reject(this.#failure.error);
    this.#opening ??= this.#tryToOpen().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #tryToOpen(): Promise<{ readonly store: BaseStore; readonly part: StorePart }> {
    try {
      const store = await this.#source.open();
      try {
        await this.check(store);
        this.#onOpen(store);
      } catch (error) {
        await store.close().catch(() => {});
        throw error;
      }
      this.#failure = undefined;
      this.#store = { store, part: store.asPart() };
      return this.#store;
    } catch (error) {
      this.#failure = { error, at: Date.now() };
      throw error;
    }
  }

  /**
   * What a shard cannot answer now is `busy`: nothing was done, and later it may be. That is not said of a
   * write of which nobody knows whether it was carried out.
   */
  #explained(error: unknown): unknown {
    if (!isSessionError(error) || (error.code !== "io" && error.code !== "busy")) return error;
    const { message, details } = error;
    const code = error.code === "io" && details.outcome === "unknown" ? "io" : "busy";
    return new SessionError(code, `${capitalized(this.title)} cannot answer now: ${message}`, {
      cause: error,
      details,
    });
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

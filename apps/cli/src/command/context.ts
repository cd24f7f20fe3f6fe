import type { Config } from "@thulp-sessions/config";
import type { SessionManager, SessionManagerOptions, SessionStore, StoreWarning } from "@thulp-sessions/core";
import { OpeningProgress } from "../output/opening-progress.ts";
import { shownMessage } from "../render/text.ts";
import type { Io } from "../terminal/io.ts";

/** The options that every command takes. */
export interface GlobalOptions {
  readonly store?: string | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly durability?: string | undefined;
  readonly readOnly?: boolean | undefined;
  readonly deletion?: string | undefined;
  readonly color?: boolean | undefined;
}

const LONG_MS = 60_000;

/** The settings that every command takes, as `loadConfig` takes them. */
export function globalFlags({ readOnly, color: _, ...flags }: GlobalOptions) {
  return { ...flags, readOnly: readOnly ? "true" : undefined };
}

/** What a command works with. The store and the configuration are loaded when they are asked for. */
export class Context {
  readonly io: Io;
  readonly now: number = Date.now();
  globals: GlobalOptions = {};
  readonly #open: SessionStore[] = [];
  readonly #warnings: StoreWarning[] = [];
  #warningsImmediate = false;

  constructor(io: Io) {
    this.io = io;
  }

  /** @throws {SessionError} invalid_input that says what is wrong and where it was given. */
  async config(flags: Readonly<Record<string, string | undefined>> = {}): Promise<Config> {
    const { loadConfig } = await import("@thulp-sessions/config");
    const { env } = this.io.process;
    return loadConfig({
      flags: { ...globalFlags(this.globals), ...flags },
      env,
      cwd: this.io.process.cwd(),
    });
  }

  /**
   * Works with `home:` where nothing says which store: for what belongs to a person and not to the folder in
   * which the command was typed. True where it does.
   */
  async preferHome(): Promise<boolean> {
    const { sources } = await this.config();
    if (sources.store.kind !== "default") return false;
    this.globals = { ...this.globals, store: "home:" };
    return true;
  }

  /** The configured store; one that is not there yet is made only when `create` says so. */
  async store(options: { readonly create?: boolean; readonly bulk?: boolean } = {}): Promise<SessionStore> {
    const config = await this.config();
    if (!options.create || config.readOnly) {
      const { requireStore } = await import("../store/store-place.ts");
      requireStore(config.store, config.base);
    }
    return this.#openStore(config.store, config, options.bulk);
  }

  /**
   * Another store than the configured one; it gets the configured token only if it is the configured store. A
   * target is written to also with `--read-only`, unless it is the configured store itself.
   */
  async otherStore(
    url: string,
    { create = false, bulk = false }: { readonly create?: boolean; readonly bulk?: boolean } = {},
  ): Promise<SessionStore> {
    const config = await this.config({ store: url });
    if (!create) {
      const { requireStore } = await import("../store/store-place.ts");
      requireStore(config.store, config.base);
    }
    const readOnly = config.readOnly && (!create || config.store === (await this.config()).store);
    return this.#openStore(config.store, { ...config, readOnly }, bulk);
  }

  /**
   * The ids of the configured store that begin so, the newest first, where finding them takes no look at the
   * sessions; else `null`.
   */
  async idsByName(prefix: string): Promise<string[] | null> {
    const { store, base } = await this.config();
    const { sessionIdsAt } = await import("../store/store-place.ts");
    return sessionIdsAt(store, base)?.filter((id) => id.startsWith(prefix)) ?? null;
  }

  async manager({
    redact,
    ...options
  }: { readonly create?: boolean } & Pick<SessionManagerOptions, "redact"> = {}): Promise<SessionManager> {
    const store = await this.store(options);
    const { SessionManager } = await import("@thulp-sessions/core");
    return new SessionManager(store, { cacheSize: 0, redact });
  }

  async #openStore(
    url: string,
    { token, durability, deletion, readOnly }: Config,
    bulk = false,
  ): Promise<SessionStore> {
    const { openStore } = await import("@thulp-sessions/config");
    const progress = new OpeningProgress(this.io);
    const store = await openStore(url, {
      durability,
      deletion,
      bulk,
      readOnly,
      token,
      onWarning: (warning) => {
        if (this.#warningsImmediate) this.warn(warning.message);
        else this.#warnings.push(warning);
      },
      onProgress: progress.update,
    }).finally(progress.stop);
    this.#open.push(store);
    return store;
  }

  /** Prints what the stores have warned of, and closes them. */
  async close(): Promise<void> {
    const stores = this.#open.splice(0);
    for (const store of stores) await store.close();
    const warnings = this.#warnings.splice(0);
    const [first] = warnings;
    if (!first) return;
    this.warn(first.message);
    if (warnings.length > 1)
      this.warn(`${warnings.length - 1} more like this; thulp-sessions check lists them all`);
  }

  /** For commands that run for long: warnings are shown when they come, not at the end. */
  showWarningsImmediately(): void {
    this.#warningsImmediate = true;
  }

  /** What the stores have warned of up to now, which the command reports by itself. */
  takeWarnings(): readonly StoreWarning[] {
    return this.#warnings.splice(0);
  }

  /** Drops the warnings that the command reports by itself. */
  forgetWarnings(): void {
    this.#warnings.length = 0;
  }

  warn = (message: string): void => {
    this.io.note(`${this.io.colors.yellow("warning:")} ${shownMessage(message)}`);
  };

  /**
   * Runs what a Ctrl-C shall end in good order: the first aborts the signal, a second one ends the process
   * immediately. Everywhere else a Ctrl-C ends the process as it does any other; what was acknowledged is
   * stored by then.
   */
  async interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ending = new AbortController();
    const { process } = this.io;
    const end = () => {
      process.off("SIGINT", end);
      process.off("SIGTERM", end);
      ending.abort();
    };
    process.on("SIGINT", end);
    process.on("SIGTERM", end);
    // What only waits for a change does not keep the process alive: stores let it end.
    const staying = setInterval(() => {}, LONG_MS);
    try {
      return await work(ending.signal);
    } finally {
      clearInterval(staying);
      process.off("SIGINT", end);
      process.off("SIGTERM", end);
    }
  }
}

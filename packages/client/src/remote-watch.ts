import { SessionError, type SessionId } from "@thulp-sessions/core";
import type { Warnings } from "@thulp-sessions/core/store";
import type { Unsubscribable } from "@trpc/server/observable";
import { isWatchEvent } from "./answers.ts";
import type { SessionClient } from "./client.ts";
import { sessionErrorOf } from "./session-error.ts";

/** How long the server may take to start a watch, in milliseconds. */
const START_TIMEOUT_MS = 30_000;

/** How long to wait before a watch that the server has ended is restarted, in milliseconds. */
const RESTART_MS = 10_000;

/** Where the changes are emitted. */
interface ChangeSink {
  emit(type: "created" | "changed" | "deleted", id: SessionId): void;
  reset(): void;
}

/**
 * One `sessions.watch` for all watchers of a store, since a browser opens at most six connections to a host.
 *
 * States: stopped; starting, until the first `reset` arrives; live; interrupted, while the connection is lost
 * (one warning each time, and a `reset` for the watchers afterwards); waiting to restart, after the server
 * ended the watch
 */
export class RemoteWatch {
  readonly #client: SessionClient;
  readonly #location: string;
  readonly #changes: ChangeSink;
  readonly #warnings: Warnings;
  #stop: (() => void) | undefined;
  /** Ends the start that is under way. */
  #giveUp: ((error: Error) => void) | undefined;
  /** The watchers were warned of it. */
  #isLost = false;

  constructor(client: SessionClient, location: string, changes: ChangeSink, warnings: Warnings) {
    this.#client = client;
    this.#location = location;
    this.#changes = changes;
    this.#warnings = warnings;
  }

  /**
   * Resolves when every change from now on will be emitted; rejects when the server cannot be reached, and
   * with `closed` when it is stopped before that.
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(
        () => fail(new SessionError("io", `${this.#location} does not start to watch.`)),
        START_TIMEOUT_MS,
      );
      const settle = () => {
        clearTimeout(timeout);
        this.#giveUp = undefined;
      };
      const fail = (error: Error) => {
        settle();
        this.stop();
        reject(error);
      };
      this.#giveUp = fail;
      this.#follow({
        onLive: () => {
          settle();
          resolve();
        },
        onFailure: fail,
      });
    });
  }

  /** Nothing that the end of a subscription calls back afterwards starts another one. */
  stop(): void {
    const stop = this.#stop;
    this.#stop = undefined;
    stop?.();
    this.#giveUp?.(new SessionError("closed", `The watch of ${this.#location} was ended before it began.`));
  }

  /**
   * @param first called back for the first connection; of later ones, watchers get a `reset` and warnings are
   *   emitted.
   */
  #follow(first: { onLive: () => void; onFailure: (error: Error) => void } | null): void {
    let waiting = first;
    let isStopped = false;
    const onLoss = (error: unknown) => {
      if (isStopped) return;
      const reason = sessionErrorOf(error) ?? new SessionError("io", String(error), { cause: error });
      if (waiting) waiting.onFailure(reason);
      else if (!this.#isLost) {
        this.#isLost = true;
        const { code, message } = reason;
        this.#warnings.emit({ code, message: `The watch of ${this.#location} was interrupted. ${message}` });
      }
    };
    let subscription: Unsubscribable | undefined;
    // Before there is one: it may call back while it begins.
    this.#stop = () => {
      isStopped = true;
      subscription?.unsubscribe();
    };
    subscription = this.#client.sessions.watch.subscribe(undefined, {
      onData: (event) => {
        if (isStopped || !isWatchEvent(event)) return;
        if (event.type === "reset") {
          this.#isLost = false;
          if (waiting) waiting.onLive();
          else this.#changes.reset();
          waiting = null;
        } else if (event.type === "deleted") this.#changes.emit("deleted", event.id);
        else this.#changes.emit(event.type, event.metadata.id);
      },
      onConnectionStateChange: ({ state, error }) => {
        if (state === "connecting" && error) onLoss(error);
      },
      onError: (error) => {
        onLoss(error);
        if (waiting === null && !isStopped) this.#restart();
      },
      onComplete: () => {
        if (waiting) onLoss(new SessionError("io", `${this.#location} ended the watch.`));
        else if (!isStopped) this.#restart();
      },
    });
    if (isStopped) subscription.unsubscribe();
  }

  #restart(): void {
    const timer = setTimeout(() => this.#follow(null), RESTART_MS);
    this.#stop = () => clearTimeout(timer);
  }
}

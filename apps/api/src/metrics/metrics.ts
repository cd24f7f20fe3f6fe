import type { Call, CallHook, CallOutcome } from "@thulp-sessions/router";
import type { Instruments, LiveCounts } from "./instruments.ts";
import type { Logger } from "./log.ts";

/** How many observations are kept at most before the library that counts them is loaded. */
const MAX_PENDING = 1000;

/**
 * The numbers behind `/metrics`. The library that counts them takes as long to load as half the server: it
 * comes when it is wanted.
 */
export class Metrics {
  readonly #counts: LiveCounts;
  readonly #ofProcess: boolean;
  #loading: Promise<Instruments> | undefined;
  #instruments: Instruments | undefined;
  #pending: ((instruments: Instruments) => void)[] = [];

  /** @param ofProcess whether to report memory, processor time and the event loop of the process, too. */
  constructor(counts: LiveCounts, ofProcess: boolean) {
    this.#counts = counts;
    this.#ofProcess = ofProcess;
  }

  /** Counts and times a call. */
  readonly hook: CallHook = async (call, next) => {
    const start = performance.now();
    const outcome = await next();
    this.#ended(call, outcome, performance.now() - start);
    return outcome;
  };

  refused(status: number): void {
    this.#record(({ refusals }) => refusals.inc({ status }));
  }

  group(size: number): void {
    this.#record(({ groups }) => groups.observe(size));
  }

  /** In Prometheus' text format. */
  async text(): Promise<{ readonly type: string; readonly text: string }> {
    const { registry } = await this.#load();
    return { type: registry.contentType, text: await registry.metrics() };
  }

  #ended({ path, type }: Call, outcome: CallOutcome, ms: number): void {
    this.#record(({ calls, durations }) => {
      calls.inc({ path, outcome });
      if (type !== "subscription") durations.observe({ path }, ms / 1000);
    });
  }

  #record(observation: (instruments: Instruments) => void): void {
    if (this.#instruments) observation(this.#instruments);
    else if (this.#pending.push(observation) === MAX_PENDING) void this.#load();
  }

  #load(): Promise<Instruments> {
    this.#loading ??= import("./instruments.ts").then((loaded) => {
      const instruments = new loaded.Instruments(this.#counts, this.#ofProcess);
      for (const observation of this.#pending) observation(instruments);
      this.#pending = [];
      this.#instruments = instruments;
      return instruments;
    });
    return this.#loading;
  }
}

/**
 * One hook around another. The outer one is somebody else's: what it fails at is logged, and changes nothing
 * about the call.
 */
export function around(outer: CallHook | undefined, inner: CallHook, logger: Logger): CallHook {
  if (!outer) return inner;
  return async (call, next) => {
    let outcome: CallOutcome | undefined;
    try {
      await outer(call, async () => {
        outcome = await inner(call, next);
        return outcome;
      });
    } catch (err) {
      const { path, requestId } = call;
      logger.error({ err, path, requestId }, "the hook around the calls fails");
    }
    return outcome ?? inner(call, next);
  };
}

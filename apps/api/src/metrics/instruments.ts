import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const GROUP_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** What a server counts while it runs; read when somebody asks. */
export interface LiveCounts {
  readonly waitingWrites: () => number;
  readonly subscriptionsByPath: () => ReadonlyMap<string, number>;
}

/** What the numbers are kept in. Labels are paths of the API and codes, never ids or contents. */
export class Instruments {
  readonly registry = new Registry();
  readonly calls = new Counter({
    name: "thulp_sessions_calls_total",
    help: "Calls by path and by how they ended: ok, the code of the error, or internal.",
    labelNames: ["path", "outcome"],
    registers: [this.registry],
  });
  readonly durations = new Histogram({
    name: "thulp_sessions_call_duration_seconds",
    help: "How long queries and mutations took, from the input to the answer.",
    labelNames: ["path"],
    buckets: SECONDS,
    registers: [this.registry],
  });
  readonly refusals = new Counter({
    name: "thulp_sessions_refused_requests_total",
    help: "Requests that were refused before any call of theirs was looked at, by HTTP status.",
    labelNames: ["status"],
    registers: [this.registry],
  });
  readonly groups = new Histogram({
    name: "thulp_sessions_write_group_size",
    help: "How many writes were answered together: a store that commits in groups answers a whole group.",
    buckets: GROUP_SIZES,
    registers: [this.registry],
  });

  /** @param ofProcess whether to report memory, processor time and the event loop of the process, too. */
  constructor({ waitingWrites, subscriptionsByPath }: LiveCounts, ofProcess: boolean) {
    const registers = [this.registry];
    new Gauge({
      name: "thulp_sessions_waiting_writes",
      help: "Writes that have been taken and not answered yet.",
      registers,
      collect() {
        this.set(waitingWrites());
      },
    });
    new Gauge({
      name: "thulp_sessions_subscribers",
      help: "Subscriptions that are open, by path.",
      labelNames: ["path"],
      registers,
      collect() {
        this.reset();
        for (const [path, count] of subscriptionsByPath()) this.set({ path }, count);
      },
    });
    if (ofProcess) collectDefaultMetrics({ register: this.registry });
  }
}

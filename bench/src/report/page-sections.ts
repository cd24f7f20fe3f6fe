import type { Table } from "../harness/results.ts";
import { barPlot, growthPlot } from "./plot.ts";

/** The sections of the page in their order. They hold no figure: those come from the results. */
export interface Section {
  readonly heading: string;
  readonly intro: string;
  readonly benches: readonly string[];
  readonly plots?: readonly {
    readonly file: string;
    /** The beginning of the title of the table that it is drawn from. */
    readonly table: string;
    readonly alt: string;
    draw(table: Table): string;
  }[];
}

const DURABLE =
  "_Durable_ survives the loss of power: each acknowledged append has been synced, and the syncs are counted; a candidate with " +
  "fewer than that takes has failed. _Relaxed_ survives the end of the process only. The peers have one of the two as their " +
  "default: LangGraph, Mastra, a JSONL log and a rewritten file are relaxed unless configured otherwise, ADK is durable. ";

export const sections: readonly Section[] = [
  {
    heading: "An append as the session grows",
    intro:
      "Look at the shape: a line that rises is a session that becomes slower with each message. Both axes are logarithmic.",
    benches: ["peers-growth"],
    plots: [
      {
        file: "growth-durable.svg",
        table: "an append as the session grows, durable",
        alt: "The time of a durable append against the length of the session, all candidates",
        draw: (table) => growthPlot(table, "entries in the session", "time of a durable append"),
      },
      {
        file: "growth-relaxed.svg",
        table: "an append as the session grows, relaxed",
        alt: "The time of an append without a sync against the length of the session, all candidates",
        draw: (table) => growthPlot(table, "entries in the session", "time of a relaxed append"),
      },
    ],
  },
  {
    heading: "One append",
    intro: `${DURABLE}With many callers, appends that are committed as a group share a sync: the count for each is below one.`,
    benches: ["peers-append"],
    plots: [
      {
        file: "append-durable.svg",
        table: "an append to a session of 100, one caller, durable",
        alt: "The time of a durable append by one caller, all candidates",
        draw: (table) => barPlot(table, "a durable append, one caller"),
      },
      {
        file: "append-64-durable.svg",
        table: "an append, 64 callers on 64 sessions, durable",
        alt: "The time of a durable append with 64 callers, all candidates",
        draw: (table) => barPlot(table, "a durable append, 64 callers"),
      },
    ],
  },
  {
    heading: "What survives",
    intro:
      "A killed writer: a process that appends to a session of some thousand entries is killed with `kill -9`. Two writers: two processes append to one session at the same time. A torn tail: the bytes of the last append, which was not acknowledged, are partly missing or zero, as the loss of power leaves them; then another process appends. Lost means that an acknowledged entry is missing afterwards, the one appended last included.",
    benches: ["survival"],
  },
  {
    heading: "A whole session on the disk",
    intro:
      "One entry after the other, and what all of it has written and left. On disk: whole blocks, after the store was closed.",
    benches: ["peers-session"],
  },
  {
    heading: "Reading a session",
    intro:
      "Each with its own way of reading; where the last entries cannot be asked for, all of it is loaded and cut.",
    benches: ["peers-read"],
  },
  {
    heading: "Lists and search",
    intro:
      "Sessions of five entries. LangGraph lists checkpoints, since it has no list of threads; candidates without a list or a search are left out, and each store is filled up to a size that takes a reasonable time. Without an index, a search reads everything. In a new process: the time from the opening of the store to its first page, its modules loaded before.",
    benches: ["peers-list"],
    plots: [
      {
        file: "list.svg",
        table: "the first page of 50, again",
        alt: "The time of the first page against the number of sessions, all candidates",
        draw: (table) => growthPlot(table, "sessions in the store", "time of the first page of 50, again"),
      },
    ],
  },
  {
    heading: "Starting, and memory",
    intro:
      "A command that shows the end of a long session: the whole life of its process, and the most memory it had.",
    benches: ["peers-start"],
  },
  {
    heading: "LangGraph's checkpoints",
    intro:
      "A thread that grows by one message with each step, over our stores and over LangGraph's own SQLite saver, in turns.",
    benches: ["langgraph-steps"],
  },
  {
    heading: "store-fs against the writes it consists of",
    intro: "The floors are bare calls for the same bytes in the same process.",
    benches: [
      "append-fs",
      "truncate-fs",
      "load-fs",
      "list-fs",
      "search-fs",
      "create-fs",
      "starvation",
      "memory-fs",
      "rewrite-fs",
    ],
  },
  {
    heading: "The same calls on several stores",
    intro:
      "A tail that is replaced in one step, pages with heads, how many sessions have each value, and what turns for timers and I/O cost.",
    benches: ["replace-tail", "list-heads", "turns"],
  },
  {
    heading: "store-sqlite against bare statements",
    intro: "The floors are bare prepared statements for the same rows in the same tables.",
    benches: [
      "append-sqlite",
      "growth-sqlite",
      "delete-sqlite",
      "load-sqlite",
      "list-sqlite",
      "search-sqlite",
      "long-entries",
      "tokenizers",
      "worker-thread",
    ],
  },
  {
    heading: "store-postgres against bare statements and peers",
    intro:
      "All on one server that comes with the dependencies, over its socket, with the settings that it comes with. The floors are " +
      "statements for the same rows in the same tables by `pg`; pgbench does the same transaction as they. The peers keep to their " +
      "own tables, in processes of their own, with their own pools; that commits are durable is read from their connections.",
    benches: ["append-postgres", "list-postgres", "search-postgres", "growth-postgres"],
  },
  {
    heading: "One store over many, simulated",
    intro:
      "The store over shards is the real one; a call of a shard takes a time that is drawn: 1 ms or less for half of them, 5 ms or more for one in a hundred, 100 ms for one in a thousand. The processor time is real, and includes that of the simulation. What it means: [docs/sharding.md](../docs/sharding.md).",
    benches: ["sharded"],
  },
  {
    heading: "Over HTTP",
    intro:
      "Load comes from another process. The floor is a handler of `node:http` that parses and answers JSON of the same size.",
    benches: ["http-read", "http-append", "http-fanout", "http-crash", "start-up"],
  },
  {
    heading: "The page, in a browser",
    intro:
      "The viewer in a headless Chromium, over store-sqlite: 100,000 sessions, one of 100,000 entries. The floor of opening is an answer of a few bytes, painted by the same browser from the same server; that of scrolling, elements that are all there already.",
    benches: ["viewer"],
  },
  {
    heading: "The command",
    intro: "`thulp-sessions` as it is typed: whole processes from their start to their end.",
    benches: ["copy", "copy-memory", "import", "cli-start"],
  },
];

import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeOfAtLeast } from "../harness/peer-packages.ts";
import { syncsOf } from "../harness/syncs.ts";
import type { Durability } from "./candidates/adapter.ts";
import type { CatalogEntry } from "./candidates/catalog.ts";

const CHILD = join(import.meta.dirname, "candidate-child.js");

/** Of what `fill` makes, one of so many sessions has a mark, one of so many entries the rare word. */
export const MARKED_OF = 100;
export const RARE_OF = 5_000;

export interface Task {
  readonly id: string;
  readonly durability: Durability;
  /** Or the URL of a database. */
  readonly folder: string;
  readonly once?: Once;
}

/** What a short-lived process does: the first page of a list, the end of a session, all of it. */
export interface Once {
  readonly list?: number;
  readonly last?: string;
  readonly load?: string;
}

/** What a candidate can be asked for. */
export interface Commands {
  readonly make: { readonly ids: readonly string[]; readonly length: number; readonly touch: boolean };
  readonly fill: { readonly sessions: number; readonly length: number };
  readonly append: {
    readonly ids: readonly string[];
    readonly callers: number;
    readonly atMost: number;
    /** Milliseconds, after which no more is begun. */
    readonly ms: number;
  };
  readonly read: {
    readonly what: "load" | "last" | "list" | "listMarked" | "search";
    readonly id?: string;
    readonly limit?: number;
    readonly times: number;
  };
  readonly write: { readonly id: string; readonly name: string };
  readonly writeSome: { readonly id: string; readonly name: string; readonly count: number };
  readonly texts: { readonly id: string };
  /** Lets go of its folder and opens another. */
  readonly reopen: { readonly folder: string };
  readonly close: object;
}

/** What one window took: the time and the processor time of one operation, in microseconds. */
export interface WindowTimes {
  readonly us: number;
  readonly operations: number;
  readonly cpuUs: number;
  readonly found?: number;
}

/** What a process has synced and written so far; undefined where it is not counted. */
export interface Counters {
  readonly syncs: number | undefined;
  /** Bytes handed to the kernel. */
  readonly handed: number | undefined;
  /** Bytes of pages that it made the kernel write. */
  readonly written: number | undefined;
}

export class CandidateProcess {
  readonly candidate: CatalogEntry;
  readonly durability: Durability;
  readonly settings: string;
  readonly #child: ChildProcess;
  readonly #gone: Promise<never>;

  private constructor(
    candidate: CatalogEntry,
    durability: Durability,
    settings: string,
    child: ChildProcess,
  ) {
    this.#gone = once(child, "exit").then(() => Promise.reject(new Error("the process has ended")));
    this.#gone.catch(() => {});
    this.candidate = candidate;
    this.durability = durability;
    this.settings = settings;
    this.#child = child;
  }

  /** Opens a candidate on a folder, which may hold what an earlier one has left. */
  static async open(
    candidate: CatalogEntry,
    durability: Durability,
    folder: string,
  ): Promise<CandidateProcess> {
    if (!URL.canParse(folder)) mkdirSync(folder, { recursive: true });
    const task: Task = { id: candidate.id, durability, folder };
    const child = fork(CHILD, [JSON.stringify(task)], {
      execPath: execPathFor(candidate),
      execArgv: [],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    // Nothing reads what it prints, but that must not fill the pipe.
    child.stdout?.resume();
    let errors = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      errors = (errors + chunk).slice(-2_000);
    });
    const failed = once(child, "exit").then(() => Promise.reject(new Error(errors.trim() || "it has ended")));
    failed.catch(() => {});
    const [{ result }] = (await Promise.race([once(child, "message"), failed])) as [{ result: string }];
    return new CandidateProcess(candidate, durability, result, child);
  }

  /** Does it once in a process that ends then: its answer, and the milliseconds from its start to its end. */
  static async once(
    candidate: CatalogEntry,
    durability: Durability,
    folder: string,
    what: Once,
  ): Promise<{ us: number; mb: number; wallMs: number }> {
    const task: Task = { id: candidate.id, durability, folder, once: what };
    const start = performance.now();
    const child = spawn(execPathFor(candidate), [CHILD, JSON.stringify(task)], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 120_000,
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    const [code, signal] = await once(child, "close");
    if (code !== 0) throw new Error(`${candidate.title}: the process ended with ${code ?? signal}`);
    return { ...JSON.parse(text), wallMs: performance.now() - start };
  }

  async ask<Command extends keyof Commands>(command: Command, given: Commands[Command]): Promise<unknown> {
    const answer = once(this.#child, "message");
    this.#child.send({ command, given });
    type Answer = [{ result?: unknown; failed?: string }];
    const [{ result, failed }] = (await Promise.race([answer, this.#gone])) as Answer;
    if (failed !== undefined) throw new Error(failed);
    return result;
  }

  counters(): Counters {
    const pid = this.#child.pid ?? 0;
    let io = "";
    try {
      io = readFileSync(`/proc/${pid}/io`, "utf8");
    } catch {
      // Only Linux has the file.
    }
    const field = (name: string) => {
      const [, value] = new RegExp(`^${name}: (\\d+)$`, "m").exec(io) ?? [];
      return value === undefined ? undefined : Number(value);
    };
    return { syncs: syncsOf(pid), handed: field("wchar"), written: field("write_bytes") };
  }

  /**
   * Lets it write without end, and kills it a little after it has acknowledged so many. Gives how many it had
   * acknowledged.
   */
  async killWhileWriting(given: Commands["write"], acknowledged: number, delayMs: number): Promise<number> {
    let text = "";
    const child = this.#child;
    const enough = new Promise<void>((resolve) => {
      child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (text.split("\n").length > acknowledged) resolve();
      });
    });
    const closed = once(child, "close");
    child.send({ command: "write", given });
    await Promise.race([enough, closed]);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (child.exitCode !== null) throw new Error(`the writer ended by itself with ${child.exitCode}`);
    child.kill("SIGKILL");
    await closed;
    return text.split("\n").length - 1;
  }

  async close(): Promise<void> {
    await this.ask("close", {}).catch(() => {});
    await this.end("SIGTERM");
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill(signal);
    await exited;
  }
}

function execPathFor({ node }: CatalogEntry): string {
  const path = nodeOfAtLeast(node);
  if (path === undefined) throw new Error(`needs Node ${node}, which is not here`);
  return path;
}

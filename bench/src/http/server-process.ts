import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Durability } from "@thulp-sessions/core/store";
import { syncsOf } from "../harness/syncs.ts";

/** What a server can be asked to be; see `server-child.ts`. */
export interface Role {
  readonly kind: "bare" | "stock" | "api" | "nothing" | "library" | "broadcast";
  /** For `api` and `library`: the URL of its store. */
  readonly store?: string;
  readonly durability?: Durability;
  /** For `bare`: how many bytes it answers. */
  readonly bytes?: number;
}

/** A server in a process of its own, so that it shares nothing with what loads it. */
export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(role: Role): Promise<ServerProcess> {
    const child = fork(fileURLToPath(new URL("./server-child.js", import.meta.url)), [JSON.stringify(role)], {
      execArgv: ["--expose-gc"],
    });
    const failed = once(child, "exit").then(() => Promise.reject(new Error(`${role.kind}: the server ends`)));
    const [{ url }] = (await Promise.race([once(child, "message"), failed])) as [{ url: string }];
    failed.catch(() => {});
    return new ServerProcess(child, url);
  }

  /** Processor time so far, in microseconds. */
  async cpuUs(): Promise<number> {
    return (await this.ask("cpu")) as number;
  }

  /** Syncs so far; undefined where they are not counted. */
  syncs(): number | undefined {
    return syncsOf(this.#child.pid ?? 0);
  }

  /** Bytes of the heap and beside it that are in use after a collection. */
  async memory(): Promise<number> {
    return (await this.ask("memory")) as number;
  }

  /** Sends a question that the role understands, and gives its answer. */
  async ask(question: string, input?: unknown): Promise<unknown> {
    const answer = once(this.#child, "message");
    this.#child.send({ question, input });
    const [{ result }] = (await answer) as [{ result: unknown }];
    return result;
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }
}

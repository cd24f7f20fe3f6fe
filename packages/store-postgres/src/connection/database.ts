import { backoffMs, type Durability } from "@thulp-sessions/core/store";
import { Client, Pool, type PoolClient } from "pg";
import {
  destroy,
  isOfPreparedStatement,
  type Result,
  type SendOptions,
  type Statement,
  send,
  within,
} from "./connection.ts";
import { type FailureKind, failureOf, sessionErrorOf, sqlStateOf } from "./postgres-errors.ts";
import type { PostgresSettings } from "./postgres-url.ts";

/** How long an answer may take before its connection is given up. */
const ANSWER_WITHIN_MS = 15_000;
/** How long the server may take to let us go. */
const CLOSE_WITHIN_MS = 5_000;
const IDLE_MS = 30_000;
const LIFETIME_S = 30 * 60;
const READ_ONLY: Statement = { text: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", isHot: true };
const COMMIT: Statement = { text: "COMMIT", isHot: true };

export interface DatabaseOptions {
  readonly durability: Durability;
  /** How long a call is repeated while the server cannot be used. */
  readonly retryForMs: number;
  /** Something a person should know. */
  readonly warn: (message: string) => void;
}

/** A database with its connections: those that read, and how to make one that writes. */
export class Database {
  readonly settings: PostgresSettings;
  readonly options: DatabaseOptions;
  /** The schema, to be put before the name of a table. */
  readonly schema: string;
  /** What `synchronous_commit` is set to for each commit; undefined where it is left as the server has it. */
  synchronousCommit: "on" | "off" | undefined;
  /** Until then an unreachable server is no reason to wait: a name or a port may be wrong. */
  isOpened = false;
  readonly #pool: Pool;
  #prepare: boolean;
  #losses = 0;

  constructor(settings: PostgresSettings, options: DatabaseOptions) {
    this.settings = settings;
    this.options = options;
    this.schema = `"${settings.schema}"`;
    this.synchronousCommit = options.durability === "relaxed" ? "off" : undefined;
    this.#prepare = settings.prepare;
    this.#pool = new Pool({
      ...settings.client,
      pipeline: settings.pipeline,
      max: settings.pool,
      idleTimeoutMillis: IDLE_MS,
      // Spread, so that not all connections of a server that has just started are renewed at once.
      maxLifetimeSeconds: LIFETIME_S * (0.75 + Math.random() / 4),
      allowExitOnIdle: true,
    });
    // Without a listener the end of an idle connection would end the process.
    this.#pool.on("error", () => {
      this.#losses++;
    });
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  /** Counts the connections that were lost: behind the next one there may be another server. */
  get losses(): number {
    return this.#losses;
  }

  get location(): string {
    return this.settings.location;
  }

  /** How statements are sent now. */
  get sending(): SendOptions {
    return { pipeline: this.settings.pipeline, prepare: this.#prepare, answerWithinMs: ANSWER_WITHIN_MS };
  }

  /** A connection of its own, e.g. for writing. @throws as `pg` does. */
  async connect(): Promise<Client> {
    const client = new Client({ ...this.settings.client, pipeline: this.settings.pipeline });
    client.on("error", () => {});
    await client.connect();
    return client;
  }

  /** One statement that reads, or that may be done twice. @throws {SessionError} */
  async run(statement: Statement, sending: Partial<SendOptions> = {}): Promise<Result> {
    const [result] = await this.#repeating([statement], sending);
    return result as Result;
  }

  /** Several that see the same moment, in one round trip. @throws {SessionError} */
  async readTogether(statements: readonly Statement[]): Promise<Result[]> {
    const results = await this.#repeating([READ_ONLY, ...statements, COMMIT]);
    return results.slice(1, -1);
  }

  /** A transaction of several round trips on a connection of the pool, not repeated. @throws as `pg` does. */
  async withClient<T>(
    work: (run: (statements: readonly Statement[]) => Promise<Result[]>) => Promise<T>,
    sending: Partial<SendOptions> = {},
  ): Promise<T> {
    const client = await this.#pool.connect();
    try {
      const value = await work((statements) => send(client, statements, { ...this.sending, ...sending }));
      client.release();
      return value;
    } catch (error) {
      // It may be within a transaction: it is not used again.
      client.release(true);
      throw error;
    }
  }

  /**
   * Whether and when to try again after a failure: waits as long as it is good to, and answers what has
   * failed.
   *
   * @param since when the first attempt began. @param failures how many attempts have failed before this one.
   * @throws {SessionError} when it is no use, or has been tried for long enough.
   */
  async beforeRetry(error: unknown, since: number, failures: number): Promise<FailureKind | "prepared"> {
    if (this.noticePooler(error)) return "prepared";
    const kind = failureOf(error);
    if (kind === "lost") this.#losses++;
    const isHopeless = kind === "fatal" || (!this.isOpened && sqlStateOf(error) === undefined);
    if (isHopeless || Date.now() - since > this.options.retryForMs)
      throw sessionErrorOf(error, this.location);
    const wait = kind === "raced" ? backoffMs(failures, 5, 200) : backoffMs(failures, 10, 500);
    await new Promise((resolve) => setTimeout(resolve, wait));
    return kind;
  }

  /** Statements are not prepared any more where a pooler between here and the server cannot do with it. */
  noticePooler(error: unknown): boolean {
    if (!this.#prepare || !isOfPreparedStatement(error)) return false;
    this.#prepare = false;
    this.options.warn(
      `${this.location}: a pooler loses prepared statements; they are not used any more. Add prepare=off to the URL.`,
    );
    return true;
  }

  async close(): Promise<void> {
    await within(CLOSE_WITHIN_MS, this.#pool.end(), () => {});
  }

  async #repeating(statements: readonly Statement[], sending: Partial<SendOptions> = {}): Promise<Result[]> {
    const since = Date.now();
    for (let failures = 0; ; failures++) {
      let client: PoolClient | undefined;
      try {
        client = await this.#pool.connect();
        const results = await send(client, statements, { ...this.sending, ...sending });
        client.release();
        return results;
      } catch (error) {
        if (client) {
          destroy(client);
          client.release(true);
        }
        // A read that was cancelled is not worth another try: what holds it up is still there.
        if (failureOf(error) === "timeout") throw sessionErrorOf(error, this.location);
        await this.beforeRetry(error, since, failures);
      }
    }
  }
}

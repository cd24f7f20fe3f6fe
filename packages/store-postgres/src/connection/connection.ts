import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import type { ClientBase, QueryArrayConfig } from "pg";
import { sqlStateOf } from "./postgres-errors.ts";

/** What is sent. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** The same text comes often: it is worth preparing. */
  readonly isHot?: boolean;
}

/** What is answered: int8, int4 and bool as numbers and booleans, everything else as text. */
export interface Result {
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the columns that it asks for.
  readonly rows: readonly any[][];
  /** E.g. `COMMIT`; a COMMIT of a transaction that has failed answers `ROLLBACK`. */
  readonly command: string;
}

export interface SendOptions {
  /** Statements are sent at once, and answered in their order. */
  readonly pipeline: boolean;
  /** Statements may be prepared: not behind some poolers. */
  readonly prepare: boolean;
  /** The connection is given up when nothing comes or goes for longer; 0 for as long as it takes. */
  readonly answerWithinMs: number;
}

const INT8 = 20;
const INT4 = 23;
const BOOL = 16;
const types = {
  getTypeParser: (oid: number) => {
    if (oid === INT8 || oid === INT4) return Number;
    if (oid === BOOL) return (text: string) => text === "t";
    return (text: string) => text;
  },
} as unknown as QueryArrayConfig["types"];

const names = new Map<string, string>();
/** Filters and limits make texts without end. */
const MAX_PREPARED = 500;

/**
 * Sends statements over a connection, in one round trip where it may. Each is answered by itself; where they
 * are a transaction, what follows one that has failed fails too.
 *
 * @throws the error of the first that has failed, when all are answered.
 */
export async function send(
  client: ClientBase,
  statements: readonly Statement[],
  { pipeline, prepare, answerWithinMs }: SendOptions,
): Promise<Result[]> {
  const query = async (statement: Statement): Promise<Result> => client.query(configOf(statement, prepare));
  const { stream } = connectionOf(client);
  const giveUp = () => stream.destroy();
  stream.setTimeout(answerWithinMs, giveUp);
  try {
    if (!pipeline) {
      const results: Result[] = [];
      for (const statement of statements) results.push(await query(statement));
      return results;
    }
    const settled = await Promise.allSettled(statements.map(query));
    return settled.map((each) => {
      if (each.status === "rejected") throw each.reason;
      return each.value;
    });
  } finally {
    stream.setTimeout(0);
    stream.off("timeout", giveUp);
  }
}

/** Ends a connection without a word: what is under way fails as when the network breaks. */
export function destroy(client: ClientBase): void {
  connectionOf(client).stream.destroy();
}

/** Waits for a connection to end, and gives it up when that takes too long. */
export async function within(ms: number, end: Promise<void>, giveUp: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const isLate = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      giveUp();
      resolve();
    }, ms);
  });
  await Promise.race([end, isLate]);
  clearTimeout(timer);
}

/** What `pg` has inside, and its types leave out. */
function connectionOf(client: ClientBase): { readonly stream: Socket } {
  return (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
}

/** Whether an open connection keeps the process alive. */
export function keepAlive(client: ClientBase | undefined, isBusy: boolean): void {
  if (!client) return;
  const { stream } = connectionOf(client);
  if (isBusy) stream.ref();
  else stream.unref();
}

/** Does the error say that a pooler gave the statement to a connection that has not prepared it? */
export function isOfPreparedStatement(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === "26000" || state === "42P05") return true;
  return state === "08P01" && error instanceof Error && error.message.includes("prepared statement");
}

function configOf({ text, values = [], isHot = false }: Statement, prepare: boolean): QueryArrayConfig {
  const config = {
    text,
    values: [...values],
    rowMode: "array" as const,
    types,
    queryMode: "extended" as const,
  };
  const name = isHot && prepare ? nameOf(text) : undefined;
  return name === undefined ? config : { ...config, name };
}

/** Undefined for a text that comes when so many others are prepared: each takes room in every connection. */
function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= MAX_PREPARED) return undefined;
  const name = `thulp_${createHash("sha256").update(text).digest("hex").slice(0, 24)}`;
  names.set(text, name);
  return name;
}

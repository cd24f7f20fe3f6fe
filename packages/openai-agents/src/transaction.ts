import { protocol, type SessionHistoryTransaction, UserError } from "@openai/agents-core";
import { copyPlainData } from "./plain-data.ts";

/** A transaction that shares nothing with what was given, and holds nothing that cannot be stored. */
export interface GivenTransaction {
  readonly operationId: string;
  readonly transaction: SessionHistoryTransaction;
}

/** @throws {UserError} for invalid arguments. It quotes nothing of them. */
export function readTransaction(args: unknown): GivenTransaction {
  const { operationId, transaction } = fieldsOf(args, ["operationId", "transaction"]);
  if (typeof operationId !== "string" || operationId.trim() === "" || !operationId.isWellFormed())
    throw new UserError(
      "The operationId of a session history transaction has to be a text that is not empty.",
    );
  if (typeof transaction !== "object" || transaction === null)
    throw new UserError("A session history transaction has to be an object.");
  return { operationId, transaction: checked(plain(transaction)) };
}

function checked(transaction: unknown): SessionHistoryTransaction {
  const { type, ...lists } = transaction as Record<string, unknown>;
  const names = type === "append_items" ? ["items"] : ["expectedSuffix", "replacement"];
  if (type !== "append_items" && type !== "replace_suffix")
    throw new UserError("A session history transaction has to be of type append_items or replace_suffix.");
  const isComplete = Object.keys(lists).length === names.length && names.every((name) => name in lists);
  if (!isComplete || !Object.values(lists).every(Array.isArray))
    throw new UserError(
      `A session history transaction of type ${type} has these arrays: ${names.join(", ")}.`,
    );
  for (const item of Object.values(lists as Record<string, unknown[]>).flat())
    if (!protocol.ModelItem.safeParse(item).success) throw invalidItems();
  return transaction as SessionHistoryTransaction;
}

function plain(transaction: object): unknown {
  try {
    return copyPlainData(transaction);
  } catch {
    // Without the cause: its message may quote a content.
    throw invalidItems();
  }
}

function fieldsOf(args: unknown, names: readonly string[]): Record<string, unknown> {
  try {
    return Object.fromEntries(names.map((name) => [name, Reflect.get(args as object, name)]));
  } catch {
    throw new UserError("The arguments of a session history transaction cannot be read.");
  }
}

function invalidItems(): UserError {
  return new UserError("The items of a session history transaction hold invalid or unsupported data.");
}

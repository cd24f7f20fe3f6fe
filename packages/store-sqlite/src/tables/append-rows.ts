import type { SessionId, SessionStatus, Timestamp } from "@thulp-sessions/core";
import type { EntryCounts } from "@thulp-sessions/core/store";
import type { Client } from "../connection/driver.ts";
import { SET_PENDING } from "./deferred-time-index.ts";

/** What an append reads and changes in the row of its session. */
export interface AppendRow {
  readonly key: number;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
  readonly status: SessionStatus;
  readonly counts: EntryCounts;
  readonly revision: number;
  readonly epoch: string;
  readonly timeIndexPending: boolean;
}

type Columns = [
  key: number,
  createdAt: number,
  updatedAt: number,
  status: SessionStatus,
  entryCount: number,
  turnCount: number,
  userMessageCount: number,
  assistantMessageCount: number,
  awaitingAssistant: number,
  revision: number,
  epoch: string,
  timeIndexPending: number,
];

/** The rows of `sessions` as an append reads and writes them. This is the hot path: rows come as arrays. */
export class AppendRows {
  readonly #find;
  readonly #update;
  readonly #updateAndSetPending;
  readonly #updateStatus;

  constructor({ client }: { readonly client: Client }) {
    this.#find = client
      .prepare<[string], Columns>(`
        SELECT key, created_at, updated_at, status, entry_count, turn_count, user_message_count,
          assistant_message_count, awaiting_assistant, revision, epoch, moving
        FROM sessions
        WHERE id = ?`)
      .raw();
    // Three statements, because a column that is named is updated in its indices even if its value stays the
    // same.
    const update = (more: string) =>
      client.prepare(`
        UPDATE sessions SET
          updated_at = ?, entry_count = ?, turn_count = ?, user_message_count = ?,
          assistant_message_count = ?, awaiting_assistant = ?, revision = ? ${more}
        WHERE key = ?`);
    this.#update = update("");
    this.#updateAndSetPending = update(`, ${SET_PENDING}`);
    this.#updateStatus = update(`, ${SET_PENDING}, status = ?`);
  }

  find(id: SessionId): AppendRow | undefined {
    const row = this.#find.get(id);
    if (!row) return undefined;
    const [key, createdAt, updatedAt, status, entryCount, turnCount, ...rest] = row;
    const [userMessageCount, assistantMessageCount, awaiting, revision, epoch, pending] = rest;
    const awaitingAssistant = awaiting === 1;
    return {
      key,
      createdAt,
      updatedAt,
      status,
      counts: { entryCount, turnCount, userMessageCount, assistantMessageCount, awaitingAssistant },
      revision,
      epoch,
      timeIndexPending: pending === 1,
    };
  }

  /** @param before the row as it is in the table. */
  update(before: AppendRow, { key, updatedAt, counts, status, revision }: AppendRow): void {
    const columns = [
      updatedAt,
      counts.entryCount,
      counts.turnCount,
      counts.userMessageCount,
      counts.assistantMessageCount,
      counts.awaitingAssistant ? 1 : 0,
      revision,
    ];
    if (status !== before.status) this.#updateStatus.run(...columns, status, key);
    else if (before.timeIndexPending) this.#update.run(...columns, key);
    else this.#updateAndSetPending.run(...columns, key);
  }
}

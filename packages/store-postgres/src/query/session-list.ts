import {
  isSessionError,
  type ListedHead,
  type SessionError,
  type SessionMetadata,
  type Timestamp,
} from "@thulp-sessions/core";
import {
  damagedSession,
  type HeadRows,
  headOf,
  type ListPlace,
  type ListRequest,
  MAX_PAGE_BYTES,
  type Rows,
} from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { contextOf, headStateOf, METADATA_WIDTH, metadataOf, versionOf } from "../tables/rows.ts";
import { pageStatement, settledPageStatement } from "./page-statement.ts";

/** How long after a session was pending none is expected to be settled: longer than one rests for. */
const PENDING_MS = 500;

/** A row of a page. */
interface ListedRow {
  readonly place: ListPlace;
  readonly updatedAt: Timestamp;
  readonly metadata: readonly unknown[];
  /** Empty where heads were not asked for, and `context` is `null`. */
  readonly head: readonly unknown[];
  readonly context: string | null;
}

/** Pages of sessions. */
export class SessionList {
  readonly #database: Database;
  readonly #onDamaged: (error: SessionError) => void;
  /** Until then sessions are taken for pending without a look. */
  #pendingUntil = 0;

  /** @param onDamaged called for every session that a page leaves out. */
  constructor(database: Database, onDamaged: (error: SessionError) => void) {
    this.#database = database;
    this.#onDamaged = onDamaged;
  }

  async page(request: ListRequest): Promise<Rows<SessionMetadata>> {
    const items: SessionMetadata[] = [];
    for (let { after } = request; ; ) {
      const { rows, hasMore } = await this.#rows({ ...request, after }, false);
      for (const row of rows) {
        const metadata = this.#readable(row);
        if (metadata) items.push(metadata);
      }
      after = rows.at(-1)?.place ?? after;
      // Where all of them are damaged, the next ones are looked for.
      if (items.length > 0 || !hasMore) return { items, hasMore };
    }
  }

  /** The same with heads. */
  async headPage(request: ListRequest): Promise<HeadRows> {
    const items: ListedHead[] = [];
    for (let { after: last } = request; ; ) {
      const { rows, hasMore } = await this.#rows({ ...request, after: last }, true);
      for (const row of rows) {
        const metadata = this.#readable(row);
        if (metadata) items.push(listedHead(row, metadata));
        last = row.place;
      }
      if (items.length > 0 || !hasMore) return { items, last, hasMore };
    }
  }

  async #rows(request: ListRequest, withHeads: boolean) {
    const rows = (await this.#settledRows(request, withHeads)) ?? (await this.#allRows(request, withHeads));
    const found = rows.map((row): ListedRow => {
      const [, time, updatedAt, context, ...columns] = row;
      const metadata = columns.slice(0, METADATA_WIDTH);
      return {
        place: { time, id: metadata[0] },
        updatedAt,
        metadata,
        head: columns.slice(METADATA_WIDTH),
        context,
      };
    });
    // The first one is a page however large it is.
    const isTooMuch = rows.findIndex(([total], i) => i > 0 && total > MAX_PAGE_BYTES);
    const fitting = found.slice(0, Math.min(request.limit, isTooMuch < 0 ? found.length : isTooMuch));
    return { rows: fitting, hasMore: found.length > fitting.length };
  }

  /** `null` where a session is pending, whose last change the indices by time do not have, or it is much. */
  async #settledRows(request: ListRequest, withHeads: boolean) {
    if (request.orderBy === "createdAt" || Date.now() < this.#pendingUntil) return null;
    const { rows } = await this.#database.run(
      settledPageStatement(request, withHeads, this.#database.schema),
    );
    if (rows[0]?.[0] !== true) {
      this.#pendingUntil = Date.now() + PENDING_MS;
      return null;
    }
    // Where there is none, one row says so.
    return rows[0]?.[2] === null ? [] : rows.map((row) => row.slice(1));
  }

  async #allRows(request: ListRequest, withHeads: boolean) {
    return (await this.#database.run(pageStatement(request, withHeads, this.#database.schema))).rows;
  }

  #readable({ metadata, updatedAt }: ListedRow): SessionMetadata | undefined {
    try {
      return metadataOf(metadata, updatedAt);
    } catch (error) {
      if (!isSessionError(error, "corrupt")) throw error;
      this.#onDamaged(error);
      return undefined;
    }
  }
}

function listedHead({ head, context }: ListedRow, metadata: SessionMetadata): ListedHead {
  try {
    const state = headStateOf(head);
    const { counts, epoch } = state;
    return headOf(metadata, contextOf(context ?? "", metadata.id), counts, {
      version: versionOf(state),
      epoch,
    });
  } catch (error) {
    return damagedSession(metadata, error);
  }
}

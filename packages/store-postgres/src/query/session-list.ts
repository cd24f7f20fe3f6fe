import {
  isSessionError,
  type ListedHead,
  type SessionError,
  type SessionMetadata,
} from "@thulp-sessions/core";
import {
  damagedSession,
  type HeadRows,
  headOf,
  type ListRequest,
  MAX_PAGE_BYTES,
  type Rows,
} from "@thulp-sessions/core/store";
import type { Database } from "../connection/database.ts";
import { contextOf, headStateOf, metadataOf, versionOf } from "../tables/rows.ts";
import {
  type ListedRow,
  listedRow,
  pageStatement,
  settledPageStatement,
  settledRows,
} from "./page-statement.ts";

/** How long after a session was pending none is expected to be settled: longer than one rests for. */
const PENDING_MS = 500;

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
    const { limit } = request;
    const settled = await this.#settledRows(request, withHeads);
    if (settled) return { rows: settled.slice(0, limit), hasMore: settled.length > limit };
    const { rows } = await this.#database.run(pageStatement(request, withHeads, this.#database.schema));
    // The first one is a page however large it is.
    const isTooMuch = rows.findIndex(([total], i) => i > 0 && total > MAX_PAGE_BYTES);
    const end = Math.min(limit, isTooMuch < 0 ? rows.length : isTooMuch);
    return { rows: rows.slice(0, end).map(listedRow), hasMore: rows.length > end };
  }

  /** `null` where a session is pending, whose last change the indices by time do not have, or it is much. */
  async #settledRows(request: ListRequest, withHeads: boolean) {
    if (request.orderBy === "createdAt" || Date.now() < this.#pendingUntil) return null;
    const { rows } = await this.#database.run(
      settledPageStatement(request, withHeads, this.#database.schema),
    );
    const settled = settledRows(rows[0]?.[0], request, withHeads);
    if (settled === null) this.#pendingUntil = Date.now() + PENDING_MS;
    return settled;
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

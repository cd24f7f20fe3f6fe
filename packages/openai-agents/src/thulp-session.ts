import {
  type AgentInputItem,
  applySessionHistoryMutations,
  type SessionHistoryRewriteArgs,
  type SessionHistoryRewriteAwareSession,
  type SessionHistoryTransaction,
  type SessionHistoryTransactionArgs,
  type SessionHistoryTransactionAwareSession,
  UserError,
} from "@openai/agents-core";
import {
  type EntryId,
  isSessionError,
  type JsonObject,
  newUuid,
  type SessionEntry,
  type SessionId,
  type SessionStore,
  type StoredSession,
  type Timestamp,
} from "@thulp-sessions/core";
import {
  appendOrCreate,
  contentEntries,
  decodeContent,
  encodeContent,
  ifFound,
  keyTag,
  type NewSession,
  wellFormed,
} from "@thulp-sessions/core/adapter";
import { fingerprint } from "./fingerprint.ts";
import { itemsIn, planRewrite, sameItem } from "./history-state.ts";
import { readItems } from "./read-items.ts";
import { itemType, OPERATIONS, PACKAGE_TAG, sessionIdOf } from "./stored-contents.ts";
import { readTransaction } from "./transaction.ts";

/** Which session a {@link ThulpSession} is. */
export interface ThulpSessionOptions {
  /** Names the session; any text. A new one when absent. */
  readonly sessionId?: string | undefined;
  /** What people see in lists; the `sessionId` when absent. Only of a session that this makes. */
  readonly name?: string | undefined;
  /** Further tags of the session, should this make it. */
  readonly tags?: readonly string[] | undefined;
  /** Milliseconds since the Unix epoch. `Date.now` when absent. */
  readonly clock?: (() => Timestamp) | undefined;
}

/** Another process may change the session meanwhile, but hardly so often. */
const MAX_ROUNDS = 100;

/**
 * A session of the OpenAI Agents SDK in any store: an entry for each item. What was added is as durable as
 * the store promises when the promise resolves; several processes may work on one session. Every method
 * rejects with `SessionError` where the store does, and no message quotes a content.
 */
export class ThulpSession
  implements SessionHistoryRewriteAwareSession, SessionHistoryTransactionAwareSession
{
  readonly #store: SessionStore;
  readonly #sessionId: string;
  readonly #session: NewSession;
  readonly #clock: () => Timestamp;

  constructor(store: SessionStore, options: ThulpSessionOptions = {}) {
    const { sessionId = newUuid(), name = sessionId, tags = [], clock = Date.now } = options;
    this.#store = store;
    this.#sessionId = sessionId;
    this.#clock = clock;
    this.#session = {
      id: sessionIdOf(sessionId),
      name: wellFormed(name),
      sessionType: { type: "agent", agentName: PACKAGE_TAG },
      tags: [PACKAGE_TAG, keyTag(PACKAGE_TAG, sessionId), ...tags],
    };
  }

  async getSessionId(): Promise<string> {
    return this.#sessionId;
  }

  /** The latest `limit` items, all when absent, the oldest of them first. They are the caller's. */
  async getItems(limit?: number): Promise<AgentInputItem[]> {
    return readItems(this.#store, this.#id, limit);
  }

  /** Adds them in one step. @throws {TypeError} for what JSON cannot hold. */
  async addItems(items: AgentInputItem[]): Promise<void> {
    const entries = this.#entriesFor(plainItems(items));
    if (entries.length === 0) return;
    await appendOrCreate(this.#store, this.#session, entries, { at: this.#clock() });
  }

  /** Removes the last item; undefined when there is none. */
  async popItem(): Promise<AgentInputItem | undefined> {
    return (await this.#popEntry()) ?? this.#popAny();
  }

  /** Where the last entry holds an item, only that is read. */
  async #popEntry(): Promise<AgentInputItem | undefined> {
    try {
      const { entryCount, version: expectedVersion } = await this.#store.head(this.#id);
      const { items: last } = await this.#store.readEntries(this.#id, { last: 1 });
      const [found] = itemsIn(last);
      if (found === undefined || last[0]?.seq !== entryCount - 1) return undefined;
      await this.#store.truncate(this.#id, entryCount - 1, { at: this.#clock(), expectedVersion });
      return found.item;
    } catch (error) {
      if (RACES.some((code) => isSessionError(error, code))) return undefined;
      throw error;
    }
  }

  async #popAny(): Promise<AgentInputItem | undefined> {
    let popped: AgentInputItem | undefined;
    await this.#change((session) => {
      const items = itemsIn(session?.entries ?? []).map(({ item }) => item);
      popped = items.pop();
      return popped && { items };
    });
    return popped;
  }

  /** Removes all items, and forgets which transactions were applied. The session stays. */
  async clearSession(): Promise<void> {
    await this.#change((session) => session && { items: [], operations: {} });
  }

  /** Replaces calls of functions in what is stored, in one step. */
  async applyHistoryMutations(args: SessionHistoryRewriteArgs): Promise<void> {
    const { mutations } = decodeContent(encodeContent(args)) as SessionHistoryRewriteArgs;
    if (mutations.length === 0) return;
    await this.#change((session) => {
      const items = itemsIn(session?.entries ?? []).map(({ item }) => item);
      return session && { items: applySessionHistoryMutations(items, mutations) };
    });
  }

  /**
   * Changes the history and notes the id of the change, in one step. The same change under the same id again
   * does nothing.
   *
   * @throws {UserError} for invalid arguments, for an id that another change had, and where the end of the
   *   history is not the expected one. Then nothing has changed.
   */
  async applyHistoryTransaction(args: SessionHistoryTransactionArgs): Promise<void> {
    const { operationId, transaction } = readTransaction(args);
    const mark = await fingerprint(transaction);
    await this.#change((session) => {
      const operations = (session?.context[OPERATIONS] ?? {}) as JsonObject;
      const before = Object.hasOwn(operations, operationId) ? operations[operationId] : undefined;
      if (before === mark) return undefined;
      if (before !== undefined)
        throw new UserError(
          "This operationId was applied already, with another session history transaction.",
        );
      const stored = itemsIn(session?.entries ?? []).map(({ item }) => item);
      const entries = Object.entries({ ...operations }).concat([[operationId, mark]]);
      return { items: applied(stored, transaction), operations: Object.fromEntries(entries) };
    });
  }

  get #id(): SessionId {
    return this.#session.id;
  }

  #entriesFor(items: readonly object[]): SessionEntry[] {
    const timestamp = this.#clock();
    return items.flatMap((item) =>
      contentEntries({ id: newUuid() as EntryId, timestamp, entryType: itemType(item) }, item),
    );
  }

  /** Brings the session to what `changeOf` makes of it, which is called again where others were quicker. */
  async #change(changeOf: (session: StoredSession | undefined) => Change | undefined): Promise<void> {
    for (let round = 1; ; round++) {
      const session = await ifFound(this.#store.get(this.#id));
      const change = changeOf(session);
      if (change === undefined) return;
      try {
        await (session ? this.#write(session, change) : this.#create(change));
        return;
      } catch (error) {
        const isRace = RACES.some((code) => isSessionError(error, code));
        if (!isRace || round === MAX_ROUNDS) throw error;
      }
    }
  }

  async #create({ items, operations }: Change): Promise<void> {
    const at = this.#clock();
    const { parentSession = null, ...session } = this.#session;
    await this.#store.create({
      metadata: { ...session, parentSession, status: "active", createdAt: at, updatedAt: at },
      entries: this.#entriesFor(items),
      context: operations ? { [OPERATIONS]: operations } : {},
    });
  }

  async #write(session: StoredSession, { items, operations }: Change): Promise<void> {
    const { version: expectedVersion, entries } = session;
    const plan = planRewrite(entries, items, (fresh) => this.#entriesFor(fresh));
    const context = operations && { setContext: { [OPERATIONS]: operations } };
    const options = { at: this.#clock(), expectedVersion };
    if (plan === undefined) {
      if (context) await this.#store.update(this.#id, context, options);
    } else if (plan.batch.length > 0) {
      const keep = plan.keep < entries.length ? { keep: plan.keep } : {};
      await this.#store.append(this.#id, plan.batch, { ...options, ...context, ...keep });
    } else if (context === undefined) {
      await this.#store.truncate(this.#id, plan.keep, options);
    } else {
      // A truncate changes no context.
      const kept = entries.slice(0, plan.keep);
      const updatedAt = options.at;
      const metadata = { ...session.metadata, updatedAt };
      const changed = { ...session.context, ...context.setContext };
      await this.#store.replace({ metadata, entries: kept, context: changed }, { expectedVersion });
    }
  }
}

/** What a session is to be. */
interface Change {
  readonly items: readonly AgentInputItem[];
  /** Of the context; as they are when absent. */
  readonly operations?: JsonObject;
}

const RACES = ["conflict", "not_found", "already_exists"] as const;

function applied(
  stored: readonly AgentInputItem[],
  transaction: SessionHistoryTransaction,
): AgentInputItem[] {
  if (transaction.type === "append_items") return [...stored, ...transaction.items];
  const { expectedSuffix, replacement } = transaction;
  const start = stored.length - expectedSuffix.length;
  if (start < 0 || !stored.slice(start).every((item, i) => sameItem(item, expectedSuffix[i])))
    throw new UserError("The session history does not end with the expectedSuffix: read it again.");
  return [...stored.slice(0, start), ...replacement];
}

/** The items as they are stored, each property read once. */
function plainItems(items: unknown): readonly object[] {
  const given = decodeContent(encodeContent(items));
  if (!Array.isArray(given) || !given.every((item) => typeof item === "object" && item !== null))
    throw new TypeError("The items of a session have to be an array of objects.");
  return given;
}

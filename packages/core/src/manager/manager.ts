import { z } from "zod";
import { isSessionError, SessionError, versionConflict } from "../model/errors.ts";
import { type EntryId, newUuid, parseSessionId, type SessionId } from "../model/ids.ts";
import { copyJson, type JsonObject, type JsonValue, ownProperties, readArgument } from "../model/json.ts";
import type {
  EntryType,
  GivenSession,
  Session,
  SessionEntry,
  SessionHead,
  SessionMetadata,
  SessionStatus,
  SessionType,
  StoredEntry,
  StoredSession,
  Timestamp,
} from "../model/model.ts";
import { checkTruncate } from "../rules/change-plan.ts";
import type { SessionFilter } from "../rules/filter.ts";
import type { EntryDraft } from "../rules/helpers.ts";
import { checkTransition, type Lifecycle } from "../rules/lifecycle.ts";
import {
  checkLimits,
  type LimitReached,
  type SessionLimits,
  sessionLimitsSchema,
  stricterLimits,
} from "../rules/limits.ts";
import { byNewest } from "../rules/order.ts";
import type { AppendResult, SessionChange } from "../rules/writes.ts";
import type { SearchPage, SearchQuery } from "../search/search.ts";
import { sessionPages } from "../store/all-sessions.ts";
import { assembleSession } from "../store/assemble-session.ts";
import {
  type CountQuery,
  type EntriesQuery,
  type EntryPage,
  type HeadPage,
  type HeadQuery,
  type ListQuery,
  MAX_PAGE,
  type SessionPage,
  type SessionStore,
  type ValueCountPage,
} from "../store/session-store.ts";
import { parseChange, parseInput, parseSession } from "../store/validate.ts";
import type { WarningListener } from "../store/warnings.ts";
import { type SubscribeOptions, type SubscriptionEvent, subscribe } from "../subscription/subscription.ts";
import { SessionViews } from "../views/session-views.ts";
import { SessionCache } from "./session-cache.ts";

// Longer than most files: one class has the original's whole API and more. The rules are in files of their
// own.

/** How a {@link SessionManager} works. Everything has a default. */
export interface SessionManagerOptions {
  /** Milliseconds since the Unix epoch; `Date.now` when absent. */
  readonly clock?: (() => Timestamp) | undefined;
  /** Generates the ids of sessions and entries, which are UUIDs; of version 7 when absent. */
  readonly newId?: (() => string) | undefined;
  /**
   * Limits of every append, together with those of the call: the smaller of each, and the stricter action.
   */
  readonly limits?: SessionLimits | undefined;
  /** Which status may follow which; `free` when absent. */
  readonly lifecycle?: Lifecycle | undefined;
  /** How many sessions `loadSession` caches; 100 when absent, 0 for none. */
  readonly cacheSize?: number | undefined;
  /**
   * What is stored of an entry that is added, by `createSession` too: e.g. that of a `Redactor`, which gives
   * it without the secrets in it. To be safe to retry, it has to give the same for the same entry.
   */
  readonly redact?: ((entry: EntryDraft) => EntryDraft) | undefined;
  /** Called with the store's warnings, e.g. of a session whose file cannot be read. */
  readonly onWarning?: WarningListener | undefined;
}

/** How to load a session. */
export interface LoadOptions {
  /**
   * Refuse a session whose JSON text has more characters than that, roughly, before all of it is in memory.
   * One that is in the cache is given whatever its length.
   */
  readonly maxLength?: number | undefined;
}

/** What a new session has beyond its name and type. */
export interface CreateOptions {
  /** A UUID; generated when absent. */
  readonly id?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly parentSession?: string | null | undefined;
  readonly context?: JsonObject | undefined;
  /** Written atomically with the session; those without a time get that of the creation. */
  readonly entries?: readonly NewEntry[] | undefined;
  /** `active` when absent. */
  readonly status?: SessionStatus | undefined;
  /** The clock's time when absent. */
  readonly createdAt?: Timestamp | undefined;
  /** `createdAt` when absent. */
  readonly updatedAt?: Timestamp | undefined;
}

/** The options of a change. */
export interface ChangeOptions {
  /** Refuse with `conflict` unless the session still has this version. */
  readonly expectedVersion?: string | undefined;
  /** The time of the change; the clock's when absent. */
  readonly at?: Timestamp | undefined;
}

/** The options of adding entries. */
export interface AddEntriesOptions extends ChangeOptions {
  /** Refuse with `conflict` if entries were removed or replaced since the session had this epoch. */
  readonly expectedEpoch?: string | undefined;
  /** Limits of this call, together with the manager's own. */
  readonly limits?: SessionLimits | undefined;
  /**
   * Replaces the tail of the session: entries from this `seq` on are dropped in the same step, but those that
   * the batch begins with. Only with `expectedVersion`.
   */
  readonly keep?: number | undefined;
  /** Sets these keys of the context in the same step, where anything is added. */
  readonly setContext?: JsonObject | undefined;
  /** Removes these keys of the context likewise; one that is also in `setContext` is set. */
  readonly removeContext?: readonly string[] | undefined;
}

/** The options of adding one entry. */
export interface AddEntryOptions extends AddEntriesOptions {
  /** A UUID; with one the call is safe to retry. Generated when absent. */
  readonly id?: string | undefined;
  /** The time of the change when absent. */
  readonly timestamp?: Timestamp | undefined;
}

/** An entry to add. The manager generates an absent id, and an absent timestamp is the time of the change. */
export interface NewEntry extends EntryDraft {
  readonly id?: string | undefined;
  readonly timestamp?: Timestamp | undefined;
}

/** The options of a fork. */
export interface ForkOptions {
  /** The id of the fork. */
  readonly id?: string | undefined;
  /** How many of the first entries the fork gets; all when absent. */
  readonly entryCount?: number | undefined;
  /** The name of the fork; the same as the original's when absent. */
  readonly name?: string | undefined;
  /** Allows a fork in which numbers that JavaScript cannot hold (`inexact`) are rounded. */
  readonly allowLossy?: boolean | undefined;
  readonly at?: Timestamp | undefined;
}

const DEFAULT_CACHE_SIZE = 100;

const entryCountSchema = z.int().min(0).optional();

/**
 * Sessions as an application works with them: the API of the Rust crate `thulp-workspace`, over any store. It
 * generates ids and times, and has a bounded cache that it compares with the store's version before each use.
 * What has to be atomic is left to the store. It holds no resources: close the store yourself.
 *
 * Every method rejects with {@link SessionError}: `invalid_input` for what does not fit the schema, `closed`
 * after the store was closed, `io` and `busy` as the store says; `not_found` and `corrupt` where one session
 * is asked for.
 */
export class SessionManager {
  readonly store: SessionStore;
  /** What a person looks at: rows, facets, trees, scores, and one session piece by piece. */
  readonly views: SessionViews;
  readonly #clock: () => Timestamp;
  readonly #newId: () => string;
  readonly #limits: SessionLimits | undefined;
  readonly #lifecycle: Lifecycle;
  readonly #cache: SessionCache;
  readonly #redact: SessionManagerOptions["redact"];

  /** @throws {TypeError} when an option has the wrong type. */
  constructor(store: SessionStore, options: SessionManagerOptions = {}) {
    const {
      clock = Date.now,
      newId = newUuid,
      limits,
      lifecycle = "free",
      cacheSize = DEFAULT_CACHE_SIZE,
      redact,
      onWarning,
    } = options;
    if (typeof store?.append !== "function")
      throw new TypeError("SessionManager needs a SessionStore as its first argument.");
    if (typeof clock !== "function" || typeof newId !== "function")
      throw new TypeError("clock and newId are functions.");
    if (lifecycle !== "free" && lifecycle !== "strict")
      throw new TypeError('lifecycle is "free" or "strict".');
    if (!Number.isSafeInteger(cacheSize) || cacheSize < 0)
      throw new TypeError("cacheSize is a whole number from 0.");
    const parsedLimits = sessionLimitsSchema.optional().safeParse(limits);
    if (!parsedLimits.success) throw new TypeError("limits are not valid.");
    if (redact !== undefined && typeof redact !== "function") throw new TypeError("redact is a function.");
    if (onWarning !== undefined && typeof onWarning !== "function")
      throw new TypeError("onWarning is a function.");
    this.store = store;
    this.views = new SessionViews(store);
    this.#clock = clock;
    this.#newId = newId;
    this.#limits = parsedLimits.data;
    this.#lifecycle = lifecycle;
    this.#cache = new SessionCache(cacheSize);
    this.#redact = redact;
    if (onWarning) store.warnings.listen(onWarning);
  }

  /** @throws {SessionError} already_exists when an id is given that is taken. */
  async createSession(
    name: string,
    sessionType: SessionType,
    options: CreateOptions = {},
  ): Promise<StoredSession> {
    const createdAt = options.createdAt ?? this.#clock();
    return this.#create({
      metadata: {
        id: (options.id ?? this.#newId()) as SessionId,
        name,
        sessionType,
        createdAt,
        updatedAt: options.updatedAt ?? createdAt,
        status: options.status ?? "active",
        tags: options.tags ?? [],
        parentSession: (options.parentSession ?? null) as SessionId | null,
      },
      entries: this.#complete(options.entries ?? [], createdAt),
      context: options.context ?? {},
    });
  }

  /**
   * The whole session, from the cache where the store still has the same version.
   *
   * @throws {SessionError} not_found; corrupt; unsupported when it is longer than `maxLength`.
   */
  async loadSession(id: string, { maxLength }: LoadOptions = {}): Promise<StoredSession> {
    const sessionId = parseSessionId(id);
    const cached = this.#cache.get(sessionId);
    if (cached) {
      try {
        const { version } = await this.store.head(sessionId);
        if (version === cached.version) return cached;
      } catch (error) {
        this.#cache.delete(sessionId);
        throw error;
      }
    }
    if (maxLength === undefined) return this.#cache.put(await this.store.get(sessionId));
    const reads = {
      head: () => this.store.head(sessionId),
      entriesAfter: (after: number) => this.store.readEntries(sessionId, { after, limit: MAX_PAGE }),
    };
    return this.#cache.put(await assembleSession(reads, maxLength));
  }

  /** The whole session, without looking into the cache or keeping it there. */
  async peekSession(id: string): Promise<StoredSession> {
    return this.store.get(id);
  }

  /**
   * Writes a whole session. One that was read (it has a `version`) is written only if it has not been changed
   * since; one without a version can only be created, unless `overwrite` allows to replace whatever is there.
   *
   * @throws {SessionError} conflict, already_exists; not_found when it was deleted since it was read.
   */
  async saveSession(
    session: Session | StoredSession,
    options: { overwrite?: boolean | undefined } = {},
  ): Promise<SessionHead> {
    const version = readArgument("session", (): string | undefined => Object(session).version);
    // Copied before the first await: what is written is what was given.
    const checked = parseSession(session);
    // With a version it comes from a store, and may be larger than a new one.
    const given: GivenSession = { ...checked, version };
    if (!options.overwrite)
      return version === undefined ? this.store.create(given) : this.#replace(given, version);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#replace(given);
      } catch (error) {
        if (!isSessionError(error, "not_found")) throw error;
      }
      try {
        return await this.store.create(given);
      } catch (error) {
        // Created meanwhile: then it is there to replace. Bounded, in case the store contradicts itself.
        if (!isSessionError(error, "already_exists") || attempt === 100) throw error;
      }
    }
  }

  async #replace(session: GivenSession, expectedVersion?: string): Promise<SessionHead> {
    const { id, status } = session.metadata;
    if (this.#lifecycle === "free") return this.store.replace(session, { expectedVersion });
    return this.#inStrictLifecycle(id, status, expectedVersion, (version) =>
      this.store.replace(session, { expectedVersion: version }),
    );
  }

  /**
   * Appends one entry, and gives the stored one. With an id that is there already with the same content it
   * changes nothing.
   *
   * @throws {SessionError} conflict, limit_exceeded
   */
  async addEntry(
    id: string,
    entryType: EntryType,
    content: JsonValue,
    options: AddEntryOptions = {},
  ): Promise<StoredEntry> {
    const { id: entryId, timestamp, at = this.#clock(), ...rest } = options;
    // Copied before the first await: the answer is what was written, whatever the caller does meanwhile.
    const draft = this.#redacted({
      entryType: copyJson(entryType, "entryType") as EntryType,
      content: copyJson(content, "content"),
    });
    const entry = { id: (entryId ?? this.#newId()) as EntryId, timestamp: timestamp ?? at, ...draft };
    const { entries } = await this.#append(id, [entry], { ...rest, at });
    const [added] = entries;
    if (added === undefined) throw new Error("The store answered an append of one entry with none.");
    return { id: added.id, timestamp: added.timestamp, ...draft, seq: added.seq };
  }

  /**
   * Appends a batch of entries atomically.
   *
   * @throws {SessionError} conflict, limit_exceeded
   */
  async addEntries(
    id: string,
    entries: readonly NewEntry[],
    options: AddEntriesOptions = {},
  ): Promise<AppendResult> {
    const { at = this.#clock(), ...rest } = options;
    return this.#append(id, this.#complete(entries, at), { ...rest, at });
  }

  #append(
    id: string,
    entries: readonly SessionEntry[],
    { limits, ...rest }: AddEntriesOptions & { readonly at: Timestamp },
  ): Promise<AppendResult> {
    return this.store.append(id, entries, { ...rest, limits: this.#limitsWith(limits) });
  }

  /** Sets the status to `completed`. @throws {SessionError} not_found, conflict */
  completeSession(id: string, options?: ChangeOptions): Promise<SessionHead> {
    return this.updateSession(id, { status: "completed" }, options);
  }

  /** Sets the status to `failed`. @throws {SessionError} not_found, conflict */
  failSession(id: string, options?: ChangeOptions): Promise<SessionHead> {
    return this.updateSession(id, { status: "failed" }, options);
  }

  /** Sets the status to `cancelled`. @throws {SessionError} not_found, conflict */
  cancelSession(id: string, options?: ChangeOptions): Promise<SessionHead> {
    return this.updateSession(id, { status: "cancelled" }, options);
  }

  /** Sets the status to `paused`. @throws {SessionError} not_found, conflict */
  pauseSession(id: string, options?: ChangeOptions): Promise<SessionHead> {
    return this.updateSession(id, { status: "paused" }, options);
  }

  /** Sets the status to `active`. @throws {SessionError} not_found, conflict */
  resumeSession(id: string, options?: ChangeOptions): Promise<SessionHead> {
    return this.updateSession(id, { status: "active" }, options);
  }

  /**
   * Changes metadata or context; what the change does not name stays.
   *
   * @throws {SessionError} conflict, also for a status that a strict lifecycle does not allow.
   */
  async updateSession(id: string, change: SessionChange, options: ChangeOptions = {}): Promise<SessionHead> {
    const at = options.at ?? this.#clock();
    const { expectedVersion } = options;
    if (this.#lifecycle === "free") return this.store.update(id, change, { at, expectedVersion });
    // Copied before the first await: the status that was checked is the one that is written.
    const given = parseChange(change);
    if (given.status === undefined) return this.store.update(id, given, { at, expectedVersion });
    return this.#inStrictLifecycle(id, given.status, expectedVersion, (version) =>
      this.store.update(id, given, { at, expectedVersion: version }),
    );
  }

  /** Writes only if `status` may follow the one that the session has at that moment. */
  async #inStrictLifecycle(
    id: string,
    status: SessionStatus,
    expectedVersion: string | undefined,
    write: (version: string) => Promise<SessionHead>,
  ): Promise<SessionHead> {
    for (;;) {
      const { metadata, version } = await this.store.head(id);
      if (expectedVersion !== undefined && expectedVersion !== version)
        throw versionConflict(metadata.id, version);
      checkTransition(metadata.id, metadata.status, status);
      try {
        return await write(version);
      } catch (error) {
        // Changed between the read and the write: read again, unless the caller has asked for a version.
        if (expectedVersion !== undefined || !isSessionError(error, "conflict")) throw error;
      }
    }
  }

  /** Sets one key of the context; the others stay, also those that are set by others at the same time. */
  async setContext(id: string, key: string, value: JsonValue, options?: ChangeOptions): Promise<SessionHead> {
    return this.updateSession(id, { setContext: Object.fromEntries([[key, value]]) }, options);
  }

  /** The metadata of all sessions that match, by `updatedAt`, newest first. */
  async listSessions(filter: SessionFilter = {}): Promise<SessionMetadata[]> {
    const all: SessionMetadata[] = [];
    // Paged by the time that does not change: a session that is updated meanwhile cannot move from page to
    // page.
    for await (const items of sessionPages(this.store, { filter, orderBy: "createdAt" })) all.push(...items);
    return all.sort(byNewest);
  }

  /** One page with the head of each session: its counts, context and version. */
  pageSessions(query: HeadQuery): Promise<HeadPage>;
  /** One page of metadata; {@link SessionManager.listSessions} gives all of them. */
  pageSessions(query?: ListQuery): Promise<SessionPage>;
  async pageSessions(query: ListQuery = {}): Promise<SessionPage | HeadPage> {
    return this.store.list(query);
  }

  /** Removes a session: true when there was one. It is no error if there is none. */
  async deleteSession(id: string, options: { expectedVersion?: string | undefined } = {}): Promise<boolean> {
    const sessionId = parseSessionId(id);
    const deleted = await this.store.delete(sessionId, options);
    this.#cache.delete(sessionId);
    return deleted;
  }

  /** Is there such a session? True also for one that is damaged. */
  async sessionExists(id: string): Promise<boolean> {
    try {
      await this.store.head(id);
      return true;
    } catch (error) {
      if (isSessionError(error, "not_found")) return false;
      if (isSessionError(error, "corrupt") || isSessionError(error, "unsupported")) return true;
      throw error;
    }
  }

  /** Drops one session from the cache. */
  async evictFromCache(id: string): Promise<void> {
    this.#cache.delete(parseSessionId(id));
  }

  /** Drops all sessions from the cache. */
  async clearCache(): Promise<void> {
    this.#cache.clear();
  }

  /** How many sessions are in the cache. */
  async cachedSessionCount(): Promise<number> {
    return this.#cache.size;
  }

  /** The sessions in the cache, as the store has them now, without those that have been deleted meanwhile. */
  async activeSessions(): Promise<StoredSession[]> {
    const sessions: StoredSession[] = [];
    for (const id of this.#cache.ids()) {
      try {
        sessions.push(await this.loadSession(id));
      } catch (error) {
        if (!isSessionError(error, "not_found")) throw error;
      }
    }
    return sessions;
  }

  /** As {@link SessionManager.listSessions}: those with this tag, exactly. */
  findByTag(tag: string): Promise<SessionMetadata[]> {
    return this.listSessions({ tag });
  }

  /** @param type the name of a session type, e.g. `teacher_demo`; ASCII case is ignored. */
  findByType(type: string): Promise<SessionMetadata[]> {
    return this.listSessions({ type });
  }

  /** As {@link SessionManager.listSessions}: those with this status. */
  findByStatus(status: SessionStatus): Promise<SessionMetadata[]> {
    return this.listSessions({ status });
  }

  /** As {@link SessionManager.listSessions}: those created later than `time`. */
  findCreatedAfter(time: Timestamp): Promise<SessionMetadata[]> {
    return this.listSessions({ createdAfter: time });
  }

  /** As {@link SessionManager.listSessions}: those changed later than `time`. */
  findUpdatedAfter(time: Timestamp): Promise<SessionMetadata[]> {
    return this.listSessions({ updatedAfter: time });
  }

  /** How many sessions match: as many as {@link SessionManager.listSessions} gives. */
  async sessionCount(filter: SessionFilter = {}): Promise<number> {
    return this.store.count(filter);
  }

  /** How many of the matching sessions have each value of a field, e.g. each status or tag. */
  async countSessions({
    filter = {},
    ...query
  }: CountQuery & { readonly filter?: SessionFilter | undefined }): Promise<ValueCountPage> {
    return this.store.count(filter, query);
  }

  /** One page of entries. @throws {SessionError} not_found, corrupt */
  async readEntries(id: string, query: EntriesQuery = {}): Promise<EntryPage> {
    return this.store.readEntries(id, query);
  }

  /**
   * A new, active session with the first entries of another, its type, tags and context, and that one as its
   * parent.
   *
   * @throws {SessionError} already_exists; invalid_input when fewer entries are there than are asked for;
   *   unsupported when it would round a number, unless that is allowed.
   */
  async forkSession(id: string, options: ForkOptions = {}): Promise<StoredSession> {
    const given = parseInput(entryCountSchema, options.entryCount, "entryCount");
    const source = await this.store.get(id);
    const entryCount = given ?? source.entries.length;
    checkTruncate(source.metadata.id, source.entries.length, entryCount);
    const entries = source.entries.slice(0, entryCount);
    const inexact = source.inexact ? "the context" : entries.find((entry) => entry.inexact)?.seq;
    if (inexact !== undefined && !options.allowLossy) throw wouldRound(source.metadata.id, inexact);
    const at = options.at ?? this.#clock();
    return this.#create({
      version: source.version,
      metadata: {
        ...source.metadata,
        id: (options.id ?? this.#newId()) as SessionId,
        name: options.name ?? source.metadata.name,
        createdAt: at,
        updatedAt: at,
        status: "active",
        parentSession: source.metadata.id,
      },
      entries,
      context: source.context,
    });
  }

  /**
   * Removes the entries after the first `entryCount`.
   *
   * @throws {SessionError} conflict; invalid_input when there are fewer.
   */
  async rewindSession(id: string, entryCount: number, options: ChangeOptions = {}): Promise<SessionHead> {
    return this.store.truncate(id, entryCount, {
      at: options.at ?? this.#clock(),
      expectedVersion: options.expectedVersion,
    });
  }

  /**
   * The first limit that the session has reached or exceeded, or `null`.
   *
   * @param limits checked together with the manager's own.
   * @param options.at up to when the duration counts; the clock's time when absent.
   */
  async checkLimits(
    id: string,
    limits?: SessionLimits,
    options: { at?: Timestamp | undefined } = {},
  ): Promise<LimitReached | null> {
    const both = this.#limitsWith(limits);
    const { metadata, turnCount, entryCount } = await this.store.head(id);
    return both
      ? checkLimits(
          { turnCount, entryCount, createdAt: metadata.createdAt },
          both,
          options.at ?? this.#clock(),
        )
      : null;
  }

  /** One page of hits in the entries and names of sessions. */
  async searchSessions(query: SearchQuery): Promise<SearchPage> {
    return this.store.search(query);
  }

  /**
   * Follows the entries of a session: those after the token, then every new one, by whatever process it is
   * written.
   *
   * @throws {SessionError} not_found when there is no such session and no token; invalid_input for an invalid
   *   token.
   */
  subscribe(id: string, options: SubscribeOptions = {}): AsyncGenerator<SubscriptionEvent, void, undefined> {
    return subscribe(this.store, id, options);
  }

  /**
   * Gives ids and times to the entries that have none. The store refuses whatever else is wrong with them.
   */
  #complete(entries: readonly NewEntry[], at: Timestamp): SessionEntry[] {
    return entries.map((entry, i) => {
      const field = `entries[${i}]`;
      // As spread would, which drops keys that are not enumerable.
      const given: Partial<NewEntry> = readArgument(field, () => ownProperties(Object(entry), field));
      const { id = this.#newId(), timestamp = at } = given;
      if (!this.#redact) return { ...(given as NewEntry), id: id as EntryId, timestamp };
      // Copied: it is read more than once.
      const entryType = copyJson(given.entryType, `${field}.entryType`) as EntryType;
      const content = copyJson(given.content, `${field}.content`);
      const redacted = this.#redacted({ entryType, content });
      return { ...(given as NewEntry), ...redacted, id: id as EntryId, timestamp };
    });
  }

  #redacted(draft: EntryDraft): EntryDraft {
    if (!this.#redact) return draft;
    const { entryType, content } = this.#redact(draft);
    return { entryType, content };
  }

  #limitsWith(given: SessionLimits | undefined): SessionLimits | undefined {
    const limits = given && parseInput<SessionLimits>(sessionLimitsSchema, given, "limits");
    return stricterLimits(this.#limits, limits);
  }

  async #create(session: GivenSession): Promise<StoredSession> {
    // Copied before the first await: the cache freezes what was written, which must not be the caller's
    // object.
    const given = parseSession(session);
    const created = await this.store.create({ ...given, version: session.version });
    const { metadata, context, version, epoch } = created;
    // What `get` would answer, without reading it again.
    const entries = given.entries.map((entry, seq): StoredEntry => ({ ...entry, seq }));
    return this.#cache.put({ metadata, entries, context, version, epoch });
  }
}

function wouldRound(id: SessionId, place: number | string): SessionError {
  const where = typeof place === "number" ? `entry ${place}` : place;
  return new SessionError(
    "unsupported",
    `A fork of session ${id} would round a number in ${where} that JavaScript cannot hold. Allow it with allowLossy.`,
    { details: { sessionId: id, field: typeof place === "number" ? `entries[${place}]` : "context" } },
  );
}

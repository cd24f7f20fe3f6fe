// Longer than most files: a method for each of the contract, most of them a line of delegation.
import {
  type HeadPage,
  isSessionError,
  type SearchPage,
  type SessionFilter,
  type SessionHead,
  type SessionId,
  type SessionPage,
  type SessionStore,
  type StoreCapabilities,
  type StoreChange,
  type StoredSession,
  type ValueCountPage,
  type WatchOptions,
} from "@thulp-sessions/core";
import {
  CheckedStore,
  type ParsedCountQuery,
  type ParsedEntriesQuery,
  type ParsedListQuery,
  type ParsedSearchQuery,
  type StoreViews,
} from "@thulp-sessions/core/store";
import { followLoop } from "../follow/follow-loop.ts";
import { FollowedSource, type Look } from "../follow/followed-source.ts";
import type { TranscriptSource } from "../follow/transcript-source.ts";
import type { ImportProgress } from "../import/import-transcripts.ts";
import { KnownFiles } from "../import/known-files.ts";
import type { FileReport } from "../import/report.ts";
import { objectOf } from "../model/fields.ts";
import { deleteSessions, goneSessions } from "./gone-sessions.ts";
import type { TranscriptCache } from "./transcript-cache.ts";

/** What a store over transcripts is made of. */
export interface TranscriptStoreParts {
  readonly sources: readonly TranscriptSource[];
  readonly inner: SessionStore;
  readonly location: string;
  readonly readOnlyReason: string;
  readonly cache: TranscriptCache;
  readonly onProgress: ((title: string, progress: ImportProgress) => void) | undefined;
  readonly pollMs: number | undefined;
  readonly lookMs: number | undefined;
}

/** A command that lists and ends needs nothing to be followed: to begin with it takes time. */
const FOLLOW_AFTER_MS = 1000;
/** What was learned is written down no more often, */
const SAVE_EVERY_MS = 60_000;
/** and at least so often, to be seen to be in use. */
const TOUCH_EVERY_MS = 12 * 60 * 60 * 1000;

/**
 * The histories that agents keep, as they are now: read, listed, searched and watched like any other store,
 * and written by nobody but the agents. Opened by `openTranscriptStore`.
 *
 * States: opening, while everything is looked at for the first time; open; following as well, from the first
 * watcher or the first second on, until it is closed.
 */
export class TranscriptStore extends CheckedStore {
  override readonly kind = "transcripts";
  override readonly location: string;
  override readonly capabilities: StoreCapabilities;
  /** What the store that keeps them answers by itself. */
  readonly views: StoreViews;
  protected override readOnlyReason: string;
  readonly #inner: SessionStore;
  readonly #cache: TranscriptCache;
  readonly #followed: readonly FollowedSource[];
  /** By agent. */
  readonly #known = new Map<string, KnownFiles>();
  readonly #times: Pick<TranscriptStoreParts, "pollMs" | "lookMs">;
  readonly #onProgress: TranscriptStoreParts["onProgress"];
  readonly #ending = new AbortController();
  #isOpening = true;
  #following: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasLearned = false;
  #savedAt = Number.NEGATIVE_INFINITY;
  /** What it fails with was told of. */
  #isFailing = false;

  /** @internal */
  constructor({
    sources,
    inner,
    location,
    readOnlyReason,
    cache,
    onProgress,
    ...times
  }: TranscriptStoreParts) {
    super();
    this.location = location;
    this.readOnlyReason = readOnlyReason;
    this.capabilities = {
      // For as long as the agents keep it.
      persistent: true,
      shared: true,
      exactNumbers: inner.capabilities.exactNumbers,
      writable: false,
    };
    this.views = (inner as SessionStore & { readonly views?: StoreViews }).views ?? {};
    this.#inner = inner;
    this.#cache = cache;
    this.#times = times;
    this.#onProgress = onProgress;
    this.#followed = sources.map((source) => this.#follower(source));
    inner.warnings.listen((warning) => this.warnings.emit(warning));
  }

  /** @internal Looks at everything, so that what is read from now on is what the files say. */
  async open(): Promise<void> {
    this.#learn(await this.#cache.load());
    for (const each of this.#followed) await each.look();
    await this.#save();
    this.#isOpening = false;
    this.#timer = setTimeout(() => this.#follow(), FOLLOW_AFTER_MS).unref();
  }

  #follower(source: TranscriptSource): FollowedSource {
    const known = new KnownFiles();
    this.#known.set(source.reader.agent, known);
    const { signal } = this.#ending;
    const followed: FollowedSource = new FollowedSource(this.#inner, source, {
      signal,
      known,
      onReports: (reports) => this.#warn(reports),
      onProgress: (progress) => this.#isOpening && this.#onProgress?.(source.reader.title, progress),
      mirror: {
        exclusively: (work) => this.#cache.exclusively(() => this.#work(work), signal),
        onLooked: async (look) => {
          await this.#removeGone(source, followed, look);
          if (look.failed.length === 0) known.keepOnly(new Set(look.files.map(({ path }) => path)));
          if (!this.#isOpening) await this.#saveNowAndThen();
        },
      },
    });
    return followed;
  }

  /** Another process may have done it meanwhile; one that begins now need not do it again. */
  async #work<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isOpening) this.#learn(await this.#cache.load());
    this.#hasLearned = true;
    const done = await work();
    if (this.#isOpening) await this.#save();
    return done;
  }

  async #removeGone(source: TranscriptSource, followed: FollowedSource, look: Look): Promise<void> {
    const gone = await goneSessions(this.#inner, source, look);
    if (gone.length === 0) return;
    // A file that was moved while it was looked for may have been seen nowhere: the next look finds it.
    const seen = new Set(look.files.map(({ path }) => path));
    const { files } = await followed.find();
    if (files.some(({ path }) => !seen.has(path))) return;
    await this.#cache.exclusively(() => deleteSessions(this.#inner, gone), this.#ending.signal);
  }

  #warn(reports: readonly FileReport[]): void {
    for (const { result, path, reason, refused } of reports) {
      if (result === "failed")
        this.warnings.emit({ code: "io", path, message: `${path} cannot be shown as it is now: ${reason}.` });
      for (const each of refused)
        this.warnings.emit({ code: "io", path, message: `${path}: a record cannot be shown: ${each}` });
    }
  }

  #follow(): void {
    if (this.#following || this.#ending.signal.aborted) return;
    clearTimeout(this.#timer);
    const onError = (error: unknown) => {
      if (this.#isFailing) return;
      this.#isFailing = true;
      const message = `${this.location}: what is new cannot be taken in at the moment: ${(error as Error).message}`;
      this.warnings.emit({ code: isSessionError(error) ? error.code : "io", message });
    };
    const onSuccess = () => {
      this.#isFailing = false;
    };
    const options = { ...this.#times, signal: this.#ending.signal, onError, onSuccess, unref: true };
    this.#following = followLoop(this.#followed, options).catch(onError);
  }

  #learn(json: unknown): void {
    const byAgent = objectOf(json as never) ?? {};
    for (const [agent, known] of this.#known) known.merge(byAgent[agent]);
  }

  async #saveNowAndThen(): Promise<void> {
    const since = performance.now() - this.#savedAt;
    if (since >= TOUCH_EVERY_MS || (this.#hasLearned && since >= SAVE_EVERY_MS)) await this.#save();
  }

  async #save(): Promise<void> {
    this.#savedAt = performance.now();
    this.#hasLearned = false;
    await this.#cache.save(Object.fromEntries(this.#known));
  }

  async #read<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      // What is damaged is only a copy.
      if (isSessionError(error, "corrupt")) this.#cache.damaged();
      throw error;
    }
  }

  protected override doGet(id: SessionId): Promise<StoredSession> {
    return this.#read(() => this.#inner.get(id));
  }

  protected override doHead(id: SessionId): Promise<SessionHead> {
    return this.#read(() => this.#inner.head(id));
  }

  protected override doEntryPage(id: SessionId, query: ParsedEntriesQuery) {
    return this.#read(() => this.#inner.readEntries(id, query));
  }

  protected override doSessionPage(query: ParsedListQuery): Promise<SessionPage> {
    return this.#read(() => this.#inner.list(query));
  }

  protected override doHeadPage(query: ParsedListQuery): Promise<HeadPage> {
    return this.#read(() => this.#inner.list({ ...query, heads: true }));
  }

  protected override doCount(filter: SessionFilter): Promise<number> {
    return this.#read(() => this.#inner.count(filter));
  }

  protected override doCountPage(filter: SessionFilter, query: ParsedCountQuery): Promise<ValueCountPage> {
    return this.#read(() => this.#inner.count(filter, query));
  }

  protected override doSearchPage(query: ParsedSearchQuery): Promise<SearchPage> {
    return this.#read(() => this.#inner.search(query));
  }

  protected override doWatch(options: WatchOptions): Promise<AsyncIterableIterator<StoreChange>> {
    this.#follow();
    return this.#inner.watch(options);
  }

  protected override doCreate(): Promise<never> {
    return this.#refused();
  }

  protected override doUpdate(): Promise<never> {
    return this.#refused();
  }

  protected override doAppend(): Promise<never> {
    return this.#refused();
  }

  protected override doTruncate(): Promise<never> {
    return this.#refused();
  }

  protected override doReplace(): Promise<never> {
    return this.#refused();
  }

  protected override doDelete(): Promise<never> {
    return this.#refused();
  }

  /** Every call that writes was refused before it came here. */
  async #refused(): Promise<never> {
    this.refuseReadOnly();
    throw new TypeError("A store that is not writable was asked to write.");
  }

  protected override async doClose(): Promise<void> {
    this.#ending.abort();
    clearTimeout(this.#timer);
    await this.#following;
    if (this.#hasLearned) await this.#save();
    await this.#inner.close();
  }
}

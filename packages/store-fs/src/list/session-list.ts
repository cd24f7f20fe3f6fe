import { sep } from "node:path";
import {
  isSessionError,
  type SessionError,
  type SessionFilter,
  type SessionId,
  type SessionMetadata,
} from "@thulp-sessions/core";
import {
  filterMatcher,
  idsOfFilter,
  isCanonicalUuid,
  type Warnings,
  Yielder,
} from "@thulp-sessions/core/store";
import type { DirectoryNames } from "../disk/directory-names.ts";
import { isRacy } from "../disk/file-clock.ts";
import { type FileStamp, infoOf, isUnchanged } from "../disk/file-stamp.ts";
import { damageError } from "../session/session-state.ts";
import {
  type CachedMetadata,
  loadMetadataCache,
  removeMetadataCache,
  saveMetadataCache,
} from "./metadata-cache.ts";
import { readMetadata, startOfMachineMs } from "./read-metadata.ts";

/** The cache is written if the first scan missed it for so many files, and for this share of all. */
const WORTH_SAVING = { files: 100, share: 0.1 };

/** It is written when the caller has most likely got the pages that it wants: they do not wait for it. */
const SAVE_AFTER_MS = 200;

/** After so many files the clock is looked at, and others have their turn if it is time. */
const FILES_PER_LOOK = 64;

interface Listed {
  readonly id: SessionId;
  /** Of the file as it was last read; `undefined` before that. */
  stamp: FileStamp | undefined;
  /** The file may have been changed since without its stamp showing it. */
  racy: boolean;
  /** `null` when it cannot be read. */
  metadata: SessionMetadata | null;
  /** The last scan in which it was there. */
  scan: number;
}

/** Where the sessions are. */
export interface ListedFolder {
  readonly folder: string;
  readonly names: Pick<DirectoryNames, "read">;
  readonly pathOf: (id: SessionId) => string;
}

/**
 * The metadata of all sessions of a folder. What was read before is used again while the file is what it was.
 */
export class SessionList {
  readonly #folder: string;
  readonly #names: Pick<DirectoryNames, "read">;
  readonly #pathOf: (id: SessionId) => string;
  readonly #warnings: Warnings;
  readonly #maySave: boolean;
  readonly #listed = new Map<SessionId, Listed>();
  /** What was warned of, each with the state of the file at that time. */
  readonly #warned = new Map<string, string>();
  readonly #startedMs = startOfMachineMs();
  #scans = 0;
  #drops = 0;
  #misses = 0;
  #saveTimer: NodeJS.Timeout | undefined;
  #saving: Promise<void> | undefined;
  /** What stands in the folder under the names that were read last. */
  #inFolder: { readonly names: readonly string[]; readonly listed: readonly Listed[] } | undefined;

  /** @param maySave whether it may leave what it has read to later processes. */
  constructor({ folder, names, pathOf }: ListedFolder, warnings: Warnings, maySave: boolean) {
    this.#maySave = maySave;
    this.#folder = folder;
    this.#names = names;
    this.#pathOf = pathOf;
    this.#warnings = warnings;
  }

  /**
   * The sessions that a filter matches, in no order. Looks at every file, unless the filter names those that
   * come into question, and reads those that have changed. A session whose metadata cannot be read is left
   * out, with one warning for each state of its file.
   *
   * @throws {SessionError} io when the folder cannot be read.
   */
  async matching(filter: SessionFilter): Promise<SessionMetadata[]> {
    const ids = idsOfFilter(filter);
    const found = ids ? await this.#lookAtThese(new Set(ids)) : await this.#scan();
    return found.filter(filterMatcher(filter));
  }

  async #lookAtThese(ids: Iterable<SessionId>): Promise<SessionMetadata[]> {
    const found: SessionMetadata[] = [];
    const yielder = new Yielder();
    for (const id of ids) {
      await yielder.yieldIfDue();
      const metadata = this.refresh(id);
      if (metadata) found.push(metadata);
    }
    return found;
  }

  async #scan(): Promise<SessionMetadata[]> {
    const scan = ++this.#scans;
    const drops = this.#drops;
    if (scan === 1) await this.#loadCache();
    const found: SessionMetadata[] = [];
    const yielder = new Yielder();
    const inFolder = this.#listedNow();
    let now = Date.now();
    for (let i = 0; i < inFolder.length; i++) {
      if (i % FILES_PER_LOOK === 0) {
        await yielder.yieldIfDue();
        now = Date.now();
      }
      const listed = inFolder[i] as Listed;
      listed.scan = scan;
      const metadata = this.#lookAt(listed, now);
      if (metadata) found.push(metadata);
    }
    // Unless another scan has begun meanwhile, what was not met is gone.
    if (scan === this.#scans && this.#listed.size > inFolder.length)
      for (const [id, listed] of this.#listed) if (listed.scan !== scan) this.#listed.delete(id);
    if (scan === 1 && drops === this.#drops && this.#maySave && this.#isWorthSaving())
      this.#saveTimer = setTimeout(() => this.#saveNow(), SAVE_AFTER_MS);
    return found;
  }

  /** The metadata of one session as it is now, `null` when it is gone or cannot be read. */
  refresh(id: SessionId): SessionMetadata | null {
    const listed = this.#listed.get(id);
    if (listed) return this.#lookAt(listed, Date.now());
    const metadata = this.#lookAt(this.#add(id), Date.now());
    // Only what is there is remembered, however many are asked for.
    if (!metadata) this.#listed.delete(id);
    return metadata;
  }

  /** To be called when what was known of a session until now is to be found in no file any more. */
  async dropCache(): Promise<void> {
    this.#drops++;
    this.#cancelSave();
    await this.#saving;
    removeMetadataCache(this.#folder);
  }

  /** Saves the cache at once if that is still to be done, and waits for it. */
  async close(): Promise<void> {
    if (this.#saveTimer) this.#saveNow();
    await this.#saving;
  }

  /** What a process before this one has read is looked at like what was read here. */
  async #loadCache(): Promise<void> {
    for await (const rows of loadMetadataCache(this.#folder)) {
      for (const { metadata, stamp } of rows) {
        const listed = this.#add(metadata.id);
        listed.metadata = metadata;
        listed.stamp = stamp;
        listed.racy = false;
      }
    }
  }

  #isWorthSaving(): boolean {
    return this.#misses >= WORTH_SAVING.files && this.#misses >= this.#listed.size * WORTH_SAVING.share;
  }

  #cancelSave(): void {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
  }

  #saveNow(): void {
    this.#cancelSave();
    this.#saving = this.#saveCache();
  }

  #saveCache(): Promise<void> {
    const listed = this.#listed;
    function* lasting(): Generator<CachedMetadata> {
      for (const { metadata, stamp, racy } of listed.values()) {
        // A file system that keeps whole milliseconds or less is not trusted for longer than a process lives.
        if (metadata && stamp && !racy && !Number.isInteger(stamp.ctimeMs)) yield { metadata, stamp };
      }
    }
    return saveMetadataCache(this.#folder, lasting());
  }

  #listedNow(): readonly Listed[] {
    const names = this.#names.read();
    if (this.#inFolder?.names === names) return this.#inFolder.listed;
    const listed: Listed[] = [];
    for (const name of names) {
      const id = this.#sessionIdOf(name);
      if (id !== null) listed.push(this.#listed.get(id) ?? this.#add(id));
    }
    this.#inFolder = { names, listed };
    return listed;
  }

  #add(id: SessionId): Listed {
    const listed = { id, stamp: undefined, racy: true, metadata: null, scan: 0 };
    this.#listed.set(id, listed);
    return listed;
  }

  #sessionIdOf(name: string): SessionId | null {
    if (!name.endsWith(".json")) return null;
    const stem = name.slice(0, -".json".length);
    if (isCanonicalUuid(stem)) return stem as SessionId;
    if (isCanonicalUuid(stem.toLowerCase())) {
      const path = this.#folder + sep + name;
      const reason = "the name of a session is its id in lower case. Rename it to serve it.";
      this.#warn({ path, state: "", message: `${path} is left out: ${reason}` });
    }
    return null;
  }

  /** `null` when it cannot be looked at, or read, or is not there. @param now not later than now. */
  #lookAt(listed: Listed, now: number): SessionMetadata | null {
    const path = this.#pathOf(listed.id);
    try {
      if (!listed.racy && listed.stamp && isUnchanged(path, listed.stamp)) return listed.metadata;
      this.#read(listed, path, now);
    } catch (error) {
      // One file that cannot be read takes no other with it.
      if (!isSessionError(error)) throw error;
      const { code, message } = error;
      this.#warn({ path, state: code, message, sessionId: listed.id, code });
      listed.stamp = undefined;
      listed.metadata = null;
    }
    return listed.metadata;
  }

  #read(listed: Listed, path: string, now: number): void {
    const { id } = listed;
    const found = readMetadata(path, id, this.#startedMs);
    this.#misses++;
    listed.stamp = found?.stamp;
    listed.racy = !found || isRacy(found.stamp.ctimeMs, now);
    listed.metadata = found?.metadata ?? null;
    if (!found) this.#warnOfKind(id, path);
    if (!found?.damage) return;
    const { code, message } = damageError(path, id, found.damage);
    this.#warn({ path, state: `${found.stamp.size} ${found.stamp.ctimeMs}`, message, sessionId: id, code });
  }

  /** Unless it was removed since the folder was read. */
  #warnOfKind(sessionId: SessionId, path: string): void {
    const info = infoOf(path);
    if (!info || info.kind === "file") return;
    const what = info.kind === "link" ? "a symbolic link" : "no regular file";
    this.#warn({ path, state: info.kind, message: `${path} is left out: it is ${what}.`, sessionId });
  }

  #warn({ path, state, message, sessionId, code = "unsupported" }: ListWarning): void {
    if (this.#warned.get(path) === state) return;
    this.#warned.set(path, state);
    this.#warnings.emit({ code, message, path, ...(sessionId ? { sessionId } : {}) });
  }
}

interface ListWarning {
  readonly path: string;
  /** A warning is repeated only in another state of the file. */
  readonly state: string;
  readonly message: string;
  readonly sessionId?: SessionId;
  readonly code?: SessionError["code"];
}

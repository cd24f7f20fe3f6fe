import type { RawCopy, SessionStore, WarningListener } from "@thulp-sessions/core";
import type { Durability, StoreMaintenance } from "@thulp-sessions/core/store";
import type { ImportProgress } from "@thulp-sessions/transcripts";
import type { AgentName } from "@thulp-sessions/transcripts/agents";
import type { Deletion } from "../settings.ts";

/** Which store a URL names. Paths are absolute. */
export type StoreLocation =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "fs"; readonly dir: string }
  /** The same, in the user's own data folder. */
  | { readonly kind: "home"; readonly file: string }
  | { readonly kind: "memory" }
  /** Without a password. */
  | { readonly kind: "postgres"; readonly url: string }
  | { readonly kind: "http"; readonly url: string }
  /** The file that lists the URLs. */
  | { readonly kind: "shards"; readonly file: string }
  /** What these agents keep on this machine; `null`: all of them. */
  | { readonly kind: "transcripts"; readonly agents: readonly AgentName[] | null };

export type StoreKind = StoreLocation["kind"];

export interface OpenStoreOptions {
  /**
   * For `sqlite:`, `fs:`, `postgres:` and `shards:`; `full` when absent. A remote store is as durable as its
   * server was told to be.
   */
  readonly durability?: Durability | undefined;
  /**
   * Writes nothing, and refuses every call that would. False when absent; a place that may only be read is
   * opened so by itself: `capabilities.writable` says it.
   */
  readonly readOnly?: boolean | undefined;
  /**
   * For `sqlite:`; `fast` when absent. In an `fs:` store nothing is left in either case; `postgres:` refuses
   * `secure`.
   */
  readonly deletion?: Deletion | undefined;
  /** For `http:` and `https:`: sent as a bearer token, to this URL only. */
  readonly token?: string | undefined;
  /** What relative paths are relative to; the current directory when absent. */
  readonly cwd?: string | undefined;
  /** For writing very much: `sqlite:` leaves the index for search to the next search. */
  readonly bulk?: boolean | undefined;
  /** Called with what should be known but fails no call, e.g. a session whose file cannot be read. */
  readonly onWarning?: WarningListener | undefined;
  /** For `transcripts:`: called while files have to be read to open it, with the title of their agent. */
  readonly onProgress?: ((title: string, progress: ImportProgress) => void) | undefined;
}

export interface MaintenanceOptions {
  /** Refuses what would change the place, and leaves nothing in it. False when absent. */
  readonly readOnly?: boolean | undefined;
}

/** A store URL, taken apart at its first colon. */
export interface UrlParts {
  /** The whole URL as it was given, for messages. */
  readonly text: string;
  /** What stands behind the colon. */
  readonly rest: string;
  /** The folder that a relative path is relative to. */
  readonly base: string;
}

/**
 * A kind of store as a URL names it. Each kind has a file here and a line in the table of `store-schemes.ts`.
 */
export interface StoreScheme<L extends StoreLocation = StoreLocation> {
  /** What may stand before the colon, in lower case. */
  readonly schemes: readonly string[];
  /** What a URL looks like, for messages and helps. */
  readonly form: string;
  /** URLs that are whole, where there are few. */
  readonly whole?: readonly string[];
  /** @throws {SessionError} invalid_input that says what is wrong with the URL. */
  parse(url: UrlParts): L;
  /** The URL that names this location from wherever it is read. */
  format(location: L): string;
  /** The file or folder on this machine that the store consists of; `null` where it has none. */
  placeOf(location: L): string | null;
  /** What the token of a server lies beside, where the store is on this machine and has no such place. */
  tokenBeside?(): string;
  /** True where somebody else's machine may be behind it: its token and its trust come from a person only. */
  readonly isRemote: boolean;
  /** False where the durability is not ours: what is in memory does not last, a server has its own. */
  readonly takesDurability: boolean;
  /** Loads the module of the store, and no other. */
  open(location: L, options: OpenStoreOptions): Promise<SessionStore>;
  /** Loads what maintains the place; `null` where the store has none, or another program keeps it. */
  maintenance(location: L, options: MaintenanceOptions): Promise<StoreMaintenance | null>;
  /**
   * What moves sessions between two open stores of this kind as they stand; `undefined` where nothing does.
   */
  rawCopy?(from: SessionStore, to: SessionStore): Promise<RawCopy | undefined>;
}

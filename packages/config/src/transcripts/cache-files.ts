import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TranscriptCache } from "@thulp-sessions/transcripts/store";
import { withCacheLock } from "./cache-lock.ts";

/** What nobody has used for so long goes: it is a copy of what an agent may have deleted. */
const UNUSED_MS = 30 * 24 * 60 * 60 * 1000;
const NAME = /^transcripts-[0-9a-f]{32}(?=[.-])/;
/** Of the database, and what lies beside it. */
const ENDINGS: readonly string[] = [".db", ".db-wal", ".db-shm", ".db-journal", ".json", ".damaged"];

/** The files of one cache: a database, and what is known of the files that it was made of. */
export class CacheFiles implements TranscriptCache {
  readonly folder: string;
  readonly #base: string;
  /** What is known of the files, as this process has read or written it last. */
  #known: string | undefined;

  /** @param contents what it is a cache of, as JSON: another one has other files. */
  constructor(folder: string, contents: unknown) {
    this.folder = folder;
    const hash = createHash("sha256").update(JSON.stringify(contents)).digest("hex");
    this.#base = join(folder, `transcripts-${hash.slice(0, 32)}`);
  }

  get database(): string {
    return `${this.#base}.db`;
  }

  /** Makes the folder, for its owner only, and removes caches that nobody has used for long. */
  prepare(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const lastUse = new Map<string, number>();
    for (const name of readdirSync(this.folder)) {
      const [base] = NAME.exec(name) ?? [];
      if (base === undefined) continue;
      const path = join(this.folder, name);
      const { mtimeMs = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
      lastUse.set(base, Math.max(lastUse.get(base) ?? 0, mtimeMs));
    }
    for (const [base, time] of lastUse)
      if (Date.now() - time > UNUSED_MS && join(this.folder, base) !== this.#base)
        removeCache(join(this.folder, base));
  }

  get isDamaged(): boolean {
    return existsSync(`${this.#base}.damaged`);
  }

  /** Removes all of it; another process that has it open has to be closed and opened again. */
  discard(): void {
    removeCache(this.#base);
  }

  async load(): Promise<unknown> {
    try {
      this.#known = await readFile(`${this.#base}.json`, "utf8");
      return JSON.parse(this.#known);
    } catch {
      this.#known = undefined;
      return null;
    }
  }

  async save(known: unknown): Promise<void> {
    const unfinished = `${this.#base}.json-${randomBytes(8).toString("hex")}`;
    const text = JSON.stringify(known);
    try {
      // It is in use, which its time says.
      if (text === this.#known) return await utimes(`${this.#base}.json`, new Date(), new Date());
      await writeFile(unfinished, text, { mode: 0o600, flag: "wx" });
      await rename(unfinished, `${this.#base}.json`);
      this.#known = text;
    } catch {
      // Then the next process reads the files again.
    } finally {
      await rm(unfinished, { force: true }).catch(() => {});
    }
  }

  exclusively<T>(work: () => Promise<T>, signal: AbortSignal = new AbortController().signal): Promise<T> {
    return withCacheLock(`${this.#base}.lock`, work, signal);
  }

  damaged(): void {
    try {
      writeFileSync(`${this.#base}.damaged`, "", { mode: 0o600 });
    } catch {
      // Then the next process finds the damage by itself.
    }
  }
}

function removeCache(base: string): void {
  for (const ending of ENDINGS) rmSync(base + ending, { force: true });
}

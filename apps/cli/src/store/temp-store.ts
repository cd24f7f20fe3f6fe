import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { openStore } from "@thulp-sessions/config";
import type { SessionStore } from "@thulp-sessions/core";
import { begun, finished, removeLeftovers } from "../terminal/leftovers.ts";

const PREFIX = "thulp-sessions-";

/**
 * A folder for what cannot be read a second time: a list of sessions, standard input, a session beyond what
 * is held in memory. Only its owner can read it, and its maker removes it.
 */
export class TempFolder {
  readonly path: string;
  readonly #opened: SessionStore[] = [];

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TempFolder> {
    await removeLeftovers(tmpdir(), new RegExp(`^${PREFIX}(\\d+)-`));
    const path = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
    begun(path);
    return new TempFolder(path);
  }

  /** The store of the files in it. So only store-fs knows their layout. */
  async open(): Promise<SessionStore> {
    const store = await openStore(`fs:${this.path}`, { durability: "relaxed" });
    this.#opened.push(store);
    return store;
  }

  async remove(): Promise<void> {
    for (const store of this.#opened) await store.close();
    await rm(this.path, { recursive: true, force: true });
    finished(this.path);
  }
}

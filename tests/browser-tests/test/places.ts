import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningServer, startServer } from "@thulp-sessions/api";
import { openStore } from "@thulp-sessions/config";
import type { Bindings } from "../page/bindings.ts";

const TOKEN = "a-token-of-the-browser-tests";

/** Servers over empty stores, which pages of one origin may call. */
export class Places implements Bindings {
  readonly #origin: string;
  readonly #places = new Map<string, { server: RunningServer; folder: string }>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  async makePlace(): Promise<{ url: string; token: string }> {
    const folder = await mkdtemp(join(tmpdir(), "thulp-browser-"));
    const store = await openStore(`sqlite:${join(folder, "sessions.db")}`, { durability: "relaxed" });
    const server = await startServer({ store, port: 0, token: TOKEN, allowedOrigins: [this.#origin] });
    this.#places.set(server.url, { server, folder });
    return { url: server.url, token: TOKEN };
  }

  async removePlace(url: string): Promise<void> {
    const place = this.#places.get(url);
    if (place === undefined) throw new Error(`There is no place ${url}.`);
    this.#places.delete(url);
    await place.server.stop(1000);
    await rm(place.folder, { recursive: true, force: true });
  }

  async removeAll(): Promise<void> {
    for (const url of [...this.#places.keys()]) await this.removePlace(url);
  }
}

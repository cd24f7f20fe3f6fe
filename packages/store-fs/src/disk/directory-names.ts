import fs from "node:fs";
import { isPast } from "./file-clock.ts";
import { type CoarseStamp, sameCoarseStamp, stampOfFolder } from "./file-stamp.ts";
import { io } from "./io-error.ts";

/** The names in a folder, read anew only if it was written to. */
export class FolderNames {
  readonly #folder: string;
  #known: { readonly stamp: CoarseStamp; readonly names: readonly string[] } | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * In the order that the system gives; the same array as long as nothing has changed.
   *
   * @throws {SessionError} io
   */
  read(): readonly string[] {
    const stamp = stampOfFolder(this.#folder);
    if (this.#known && sameCoarseStamp(this.#known.stamp, stamp)) return this.#known.names;
    const names = io(this.#folder, "list", () => fs.readdirSync(this.#folder));
    // Something may have come since under the same time; and some file systems, those that keep whole seconds, do not mark
    // a folder.
    const marked = !Number.isInteger(stamp.mtimeMs) && isPast(stamp.mtimeMs) && isPast(stamp.ctimeMs);
    this.#known = marked ? { stamp, names } : undefined;
    return names;
  }
}

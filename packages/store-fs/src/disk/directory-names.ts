import fs from "node:fs";
import { isRacy } from "./file-clock.ts";
import { type FileStamp, sameStamp, stampOfFolder } from "./file-stamp.ts";
import { io } from "./io-error.ts";

/** The names in a folder, read again only after it was written to. */
export class DirectoryNames {
  readonly #folder: string;
  #known: { readonly stamp: FileStamp; readonly names: readonly string[] } | undefined;

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
    if (this.#known && sameStamp(this.#known.stamp, stamp)) return this.#known.names;
    const names = io(this.#folder, "list", () => fs.readdirSync(this.#folder));
    // Another name may come under the same time; and a file system that keeps whole seconds cannot tell.
    const reliable = !Number.isInteger(stamp.mtimeMs) && !isRacy(stamp.mtimeMs) && !isRacy(stamp.ctimeMs);
    this.#known = reliable ? { stamp, names } : undefined;
    return names;
  }
}

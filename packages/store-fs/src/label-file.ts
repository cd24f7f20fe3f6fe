import fs from "node:fs";
import { join } from "node:path";
import { isSessionError, SessionError } from "@thulp-sessions/core";
import { type Durability, MAX_LABEL_LENGTH } from "@thulp-sessions/core/store";
import type { FileClock } from "./disk/file-clock.ts";
import { isErrno } from "./disk/io-error.ts";
import { LABEL_FILE } from "./disk/names.ts";
import { readTextFile } from "./disk/read-file.ts";
import { createFile, writeFully } from "./disk/write-file.ts";

/** What a folder says about itself, in a file beside the sessions. */
export class LabelFile {
  readonly #path: string;
  readonly #durability: Durability;
  readonly #clock: FileClock;

  constructor(folder: string, durability: Durability, clock: FileClock) {
    this.#path = join(folder, LABEL_FILE);
    this.#durability = durability;
    this.#clock = clock;
  }

  /** `null` where there is none. @throws {SessionError} io; corrupt for a file that is no label. */
  read(): string | null {
    const text = readTextFile(this.#path, MAX_LABEL_LENGTH + 1);
    const [, label] = /^([ -~]+)\n$/.exec(text ?? "") ?? [];
    if (label !== undefined) return label;
    if (fs.lstatSync(this.#path, { throwIfNoEntry: false }) === undefined) return null;
    throw new SessionError("corrupt", `${this.#path} is not the label that was written there.`, {
      details: { path: this.#path },
    });
  }

  /** Writes it where there is none. @returns the label that is there from now on. */
  async claim(label: string): Promise<string> {
    const before = this.read();
    if (before !== null) return before;
    const bytes = Buffer.from(`${label}\n`);
    try {
      const options = { mode: 0o600, durability: this.#durability, clock: this.#clock };
      await createFile(this.#path, (descriptor) => writeFully(descriptor, bytes, 0), options);
    } catch (error) {
      if (!isSessionError(error) || !isErrno(error.cause, "EEXIST")) throw error;
    }
    return this.read() ?? label;
  }
}

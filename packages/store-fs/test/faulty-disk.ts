import fs from "node:fs";
import { onTestFinished } from "vitest";

/** Every file call that the store makes. */
const CALLS = [
  "accessSync",
  "closeSync",
  "fchmodSync",
  "fdatasync",
  "fstatSync",
  "fsync",
  "ftruncateSync",
  "futimesSync",
  "linkSync",
  "lstatSync",
  "mkdirSync",
  "openSync",
  "readSync",
  "readdirSync",
  "readFileSync",
  "renameSync",
  "statSync",
  "unlinkSync",
  "writeSync",
] as const;

/** `short`: half of a write is written, and the caller is told so. `torn`: half of it, then it fails. */
export type Fault = "EIO" | "ENOSPC" | "EACCES" | "short" | "torn";

/** A disk that fails at a chosen call, and counts its syncs. */
export class FaultyDisk {
  /** How many syncs have been asked for. */
  syncs = 0;
  /** What has failed, by name. */
  readonly failed: string[] = [];
  #left = Number.POSITIVE_INFINITY;
  #fault: Fault = "EIO";
  #lasting = false;

  /** Inside of a test, with whose end it goes. */
  constructor() {
    // No spies: they would keep every buffer of thousands of calls.
    const calls = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const name of CALLS) {
      const real = calls[name] as (...args: unknown[]) => unknown;
      calls[name] = (...args) => this.#call(name, real, args);
      onTestFinished(() => {
        calls[name] = real;
      });
    }
  }

  /** Fails at the call of that number from now on; `lasting`: and at every one after it. */
  failAt(call: number, fault: Fault, lasting = false): void {
    this.failed.length = 0;
    this.#left = call;
    this.#fault = fault;
    this.#lasting = lasting;
  }

  work(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  #call(name: string, real: (...args: unknown[]) => unknown, args: unknown[]): unknown {
    if (name === "fdatasync" || name === "fsync") this.syncs++;
    // A short write is nothing that another call could suffer.
    const partial = this.#fault === "short" || this.#fault === "torn";
    if ((partial && name !== "writeSync") || --this.#left > 0) return real(...args);
    this.#left = this.#lasting ? 1 : Number.POSITIVE_INFINITY;
    this.failed.push(name);
    if (partial) {
      const [descriptor, bytes, offset, length, position] = args as [number, Buffer, number, number, number];
      const half = Buffer.isBuffer(bytes) ? Math.floor(length / 2) : 0;
      if (half > 0) real(descriptor, bytes, offset, half, position);
      if (this.#fault === "short" && half > 0) return half;
    }
    const code = partial ? "ENOSPC" : this.#fault;
    const error = Object.assign(new Error(`${code}: injected, ${name}`), { code, syscall: name });
    const callback = args.at(-1);
    if (typeof callback !== "function") throw error;
    setImmediate(() => callback(error));
    return undefined;
  }
}

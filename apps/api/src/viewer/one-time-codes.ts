import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** How long a code is good, in milliseconds. */
export const CODE_LIFE_MS = 10 * 60 * 1000;

/** Who makes more has forgotten the first ones. */
const MAX_CODES = 100;

interface Code {
  readonly hash: Buffer;
  readonly until: number;
}

/** Codes that let a page in: each is good once, for ten minutes. Only their hashes are kept. */
export class OneTimeCodes {
  readonly #now: () => number;
  #codes: Code[] = [];

  /** @param now in milliseconds; a clock that is never set back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A new code of 128 bits, as it may stand in a URL. */
  create(): string {
    const code = randomBytes(16).toString("base64url");
    this.#codes = [...this.#codes, { hash: hash(code), until: this.#now() + CODE_LIFE_MS }].slice(-MAX_CODES);
    return code;
  }

  /**
   * Uses a code up.
   *
   * @returns whether it was good; it is not any more.
   */
  redeem(given: string): boolean {
    const now = this.#now();
    this.#codes = this.#codes.filter(({ until }) => now < until);
    const wanted = hash(given);
    // All are compared, each in a time that says nothing of where they differ.
    const found = this.#codes.filter((code) => timingSafeEqual(code.hash, wanted));
    this.#codes = this.#codes.filter((code) => !found.includes(code));
    return found.length > 0;
  }
}

function hash(code: string): Buffer {
  return createHash("sha256").update(code).digest();
}

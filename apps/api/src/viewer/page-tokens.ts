import { createHash, randomBytes } from "node:crypto";

/** Each was got for a code; of more than that the oldest pages have long been closed. */
const MAX_TOKENS = 1000;

/** The tokens of pages, in this process's memory only: they end with the server. */
export class PageTokens {
  /** By their hashes, so that how long a look-up takes says nothing of a token. */
  readonly #hashes = new Set<string>();

  /** A new token of 256 bits. */
  create(): string {
    const token = randomBytes(32).toString("base64url");
    const [oldest] = this.#hashes;
    if (oldest !== undefined && this.#hashes.size >= MAX_TOKENS) this.#hashes.delete(oldest);
    this.#hashes.add(hash(token));
    return token;
  }

  has(token: string): boolean {
    return this.#hashes.has(hash(token));
  }
}

function hash(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

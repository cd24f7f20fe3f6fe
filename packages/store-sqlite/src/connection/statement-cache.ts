/** Statements beyond these are made anew each time: their shapes do not come back. */
const MAX_KEY_LENGTH = 2000;
const MAX_STATEMENTS = 100;

/** Prepared statements by what they depend on; the one that was used longest ago goes first. */
export class StatementCache<T> {
  readonly #statements = new Map<string, T>();

  get(key: string, prepare: () => T): T {
    if (key.length > MAX_KEY_LENGTH) return prepare();
    const known = this.#statements.get(key);
    const statement = known ?? prepare();
    if (known !== undefined) this.#statements.delete(key);
    else if (this.#statements.size >= MAX_STATEMENTS) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(key, statement);
    return statement;
  }
}

/** A statement with a longer key is not cached: such shapes do not occur again. */
const MAX_KEY_LENGTH = 2000;
const MAX_STATEMENTS = 100;

/** Prepared statements by what their text depends on; the least recently used one is dropped first. */
export class StatementCache<T> {
  readonly #statements = new Map<string, T>();

  get(key: string, prepare: () => T): T {
    if (key.length > MAX_KEY_LENGTH) return prepare();
    const cached = this.#statements.get(key);
    const statement = cached ?? prepare();
    if (cached !== undefined) this.#statements.delete(key);
    else if (this.#statements.size >= MAX_STATEMENTS) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(key, statement);
    return statement;
  }
}

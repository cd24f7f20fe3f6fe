import type { Database } from "../connection/database.ts";

/** What the place says about itself, in the row of `meta`. */
export class Label {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read(): Promise<string | null> {
    const { rows } = await this.#database.run({ text: `SELECT label FROM ${this.#database.schema}.meta` });
    return rows[0]?.[0] ?? null;
  }

  /** Done twice it changes nothing. @returns the label that is there from now on. */
  async claim(label: string): Promise<string> {
    const text = `UPDATE ${this.#database.schema}.meta SET label = coalesce(label, $1) RETURNING label`;
    const { rows } = await this.#database.run({ text, values: [label] });
    return rows[0]?.[0] ?? label;
  }
}

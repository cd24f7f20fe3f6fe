import type { Database } from "../connection/database.ts";

/** The one row of `label`. */
export class LabelTable {
  readonly #read;
  readonly #insert;

  constructor({ client }: Database) {
    this.#read = client.prepare<[], string>("SELECT label FROM label").pluck();
    this.#insert = client.prepare("INSERT INTO label (id, label) VALUES (1, ?) ON CONFLICT DO NOTHING");
  }

  read(): string | null {
    return this.#read.get() ?? null;
  }

  /** To be called within a transaction that writes. @returns the label that is there from now on. */
  claim(label: string): string {
    this.#insert.run(label);
    return this.read() ?? label;
  }
}

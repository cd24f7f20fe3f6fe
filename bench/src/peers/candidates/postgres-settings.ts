/** A pool of `pg`. */
export interface Asks {
  query(text: string): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>;
}

/**
 * What decides whether a commit is durable, on a connection of the candidate's own.
 *
 * @throws where a commit could be lost: its figures would be of something else.
 */
export async function durableSettings(pool: Asks): Promise<string> {
  const names = ["synchronous_commit", "fsync", "full_page_writes"];
  const { rows } = await pool.query(
    `SELECT ${names.map((name) => `current_setting('${name}') AS ${name}`).join(", ")}`,
  );
  const weak = names.find((name) => rows[0]?.[name] !== "on");
  if (weak !== undefined) throw new Error(`not durable: ${weak} is ${rows[0]?.[weak]}`);
  return `${names.join(", ")} on`;
}

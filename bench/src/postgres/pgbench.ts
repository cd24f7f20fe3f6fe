import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Client } from "pg";
import type { Candidate } from "../harness/compare.ts";
import { entry } from "../harness/data.ts";
import { insertSessions } from "./bare-postgres.ts";
import type { BenchServer } from "./server.ts";

const DEBIAN = "/usr/lib/postgresql";

/** PostgreSQL's own program for load, which does not come with every server. */
function findPgbench(): string | undefined {
  const debian = existsSync(DEBIAN)
    ? readdirSync(DEBIAN)
        .sort((a, b) => Number(b) - Number(a))
        .map((each) => join(DEBIAN, each, "bin"))
    : [];
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...debian];
  return folders.map((each) => join(each, "pgbench")).find((file) => existsSync(file));
}

export interface PgbenchOptions {
  readonly clients: number;
  /** All clients write one session; else each has its own. */
  readonly onOne: boolean;
  readonly each: number;
}

/** The same transaction by so many clients of pgbench; the time is what it says of itself. */
export async function pgbench(
  client: Client,
  { folder }: BenchServer,
  schema: string,
  scripts: string,
  { clients, onOne, each }: PgbenchOptions,
): Promise<Candidate> {
  const name = `pgbench, ${clients} clients on ${onOne ? "one session" : `${clients} sessions`}`;
  const program = findPgbench();
  const nothing = { name, operations: clients * each, run: async () => {} };
  if (!program) return { ...nothing, skipped: "there is no pgbench here" };
  const idOf = (n: number) => `00000000-0000-4000-8000-${onOne ? "1" : "0"}${String(n).padStart(11, "0")}`;
  await insertSessions(
    client,
    schema,
    Array.from({ length: clients }, (_, i) => idOf(i)),
  );
  const script = join(scripts, `${onOne ? "one" : "many"}.sql`);
  const content = JSON.stringify(entry(1).content);
  const id = `('${idOf(0).slice(0, 25)}' || lpad((:s)::text, 11, '0'))::uuid`;
  writeFileSync(
    script,
    `\\set s ${onOne ? "0" : ":client_id"}
BEGIN;
UPDATE "${schema}".heads SET updated_at = updated_at + 1, entry_count = entry_count + 1,
  turn_count = turn_count + 1, user_count = user_count + 1, revision = revision + 1, stamp = stamp + 1
  WHERE session_id = ${id} RETURNING entry_count AS count \\gset
INSERT INTO "${schema}".entries (session_id, seq, entry_id, at, type, content)
  VALUES (${id}, (:count)::int - 1, gen_random_uuid(), 1, 'user_message', '${content.replaceAll("'", "''")}');
COMMIT;
`,
  );
  const args = [
    ["-h", folder, "-U", "postgres", "-n", "-M", "prepared", "-f", script],
    ["-c", `${clients}`, "-j", "2", "-t", `${each}`, "postgres"],
  ].flat();
  return {
    ...nothing,
    async run() {
      const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
      let said = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => {
          said += text;
        });
      const [code] = await once(child, "close");
      const [, tps] = /^tps = ([\d.]+) \(without/m.exec(said) ?? [];
      if (code !== 0 || tps === undefined) throw new Error(`pgbench: error: ${said.trim().slice(-300)}`);
      return 1_000_000 / Number(tps);
    },
  };
}

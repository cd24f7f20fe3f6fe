import { maintenanceOf } from "@thulp-sessions/config";
import type { SessionwiseMaintenance, WholeStoreMaintenance } from "@thulp-sessions/core/store";
import type { Context } from "../command/context.ts";
import { usage } from "../terminal/exit.ts";

/**
 * What maintains the files of the store that is configured.
 *
 * @param what is to be done, as the beginning of a sentence: "vacuum".
 */
export async function fileMaintenance(
  context: Context,
  what: string,
): Promise<SessionwiseMaintenance | WholeStoreMaintenance> {
  const { store: url, base, readOnly } = await context.config();
  const maintenance = await maintenanceOf(url, base, { readOnly });
  if (!maintenance) throw usage(`${what} is for a store on this machine; ${url} is none. Nothing was done.`);
  if (maintenance.unit !== "database") return maintenance;
  if (maintenance.kind === "shards")
    throw usage(`${what} is for one shard at a time: name it by its own URL, not ${url}. Nothing was done.`);
  throw usage(
    `${what} is for files; a database is vacuumed by its server (autovacuum): ${url}. Nothing was done.`,
  );
}

export { openPostgresStore } from "./open-postgres-store.ts";
export type { PostgresStoreOptions } from "./options.ts";
export { postgresMaintenance } from "./postgres-maintenance.ts";

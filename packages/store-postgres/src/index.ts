export { openPostgresStore, type PostgresStoreOptions } from "./open-postgres-store.ts";
export { postgresMaintenance } from "./postgres-maintenance.ts";
export type { PostgresStore } from "./postgres-store.ts";

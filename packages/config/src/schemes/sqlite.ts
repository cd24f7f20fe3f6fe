import { storePath } from "./store-path.ts";
import type { StoreLocation, StoreScheme } from "./store-scheme.ts";

export const sqliteScheme: StoreScheme<Extract<StoreLocation, { kind: "sqlite" }>> = {
  schemes: ["sqlite"],
  form: "sqlite:PATH",
  parse: (url) => ({ kind: "sqlite", file: storePath("sqlite", url) }),
  format: ({ file }) => `sqlite:${file}`,
  placeOf: ({ file }) => file,
  isRemote: false,
  takesDurability: true,
  async open({ file }, { durability = "full", deletion, bulk = false, readOnly, onWarning }) {
    const { openSqliteStore } = await import("@thulp-sessions/store-sqlite");
    return openSqliteStore({ file, durability, deletion, indexLater: bulk, readOnly, onWarning });
  },
  async maintenance({ file }, { readOnly }) {
    const { sqliteMaintenance } = await import("@thulp-sessions/store-sqlite");
    return sqliteMaintenance({ file, readOnly });
  },
};

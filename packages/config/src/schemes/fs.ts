import { storePath } from "./store-path.ts";
import type { StoreLocation, StoreScheme } from "./store-scheme.ts";

export const fsScheme: StoreScheme<Extract<StoreLocation, { kind: "fs" }>> = {
  schemes: ["fs"],
  form: "fs:PATH",
  parse: (url) => ({ kind: "fs", dir: storePath("fs", url) }),
  format: ({ dir }) => `fs:${dir}`,
  placeOf: ({ dir }) => dir,
  isRemote: false,
  takesDurability: true,
  async open({ dir }, { durability = "full", readOnly, onWarning }) {
    const { openFileStore } = await import("@thulp-sessions/store-fs");
    return openFileStore({ dir, durability, readOnly, onWarning });
  },
  async maintenance({ dir }, { readOnly }) {
    const { fileStoreMaintenance } = await import("@thulp-sessions/store-fs");
    return fileStoreMaintenance({ dir, readOnly });
  },
  async rawCopy(from, to) {
    const { FileStore } = await import("@thulp-sessions/store-fs");
    if (!(from instanceof FileStore) || !(to instanceof FileStore)) return undefined;
    return {
      isSame: (id) => from.isSameIn(to, id),
      copy: (id, expectedVersion) => from.copyRaw(id, to, expectedVersion),
    };
  },
};

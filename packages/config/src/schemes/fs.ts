import { storePath } from "./store-path.ts";
import type { StoreLocation, StoreScheme } from "./store-scheme.ts";

export const fsScheme: StoreScheme<Extract<StoreLocation, { kind: "fs" }>> = {
  schemes: ["fs"],
  form: "fs:PATH",
  parse: (url) => ({ kind: "fs", dir: storePath("fs", url) }),
  format: ({ dir }) => `fs:${dir}`,
  placeOf: ({ dir }) => dir,
  isRemote: false,
  async open({ dir }, { durability = "full", onWarning }) {
    const { openFileStore } = await import("@thulp-sessions/store-fs");
    return openFileStore({ dir, durability, onWarning });
  },
};

import { refused } from "./store-path.ts";
import type { StoreLocation, StoreScheme } from "./store-scheme.ts";

export const memoryScheme: StoreScheme<Extract<StoreLocation, { kind: "memory" }>> = {
  schemes: ["memory"],
  form: "memory:",
  parse({ text, rest }) {
    if (rest !== "") throw refused(text, "memory: takes no path; it is gone when the process ends");
    return { kind: "memory" };
  },
  format: () => "memory:",
  placeOf: () => null,
  isRemote: false,
  takesDurability: false,
  async open(_, { readOnly, onWarning }) {
    const { MemoryStore } = await import("@thulp-sessions/core/memory");
    const store = new MemoryStore({ readOnly });
    if (onWarning) store.warnings.listen(onWarning);
    return store;
  },
  maintenance: async () => null,
};

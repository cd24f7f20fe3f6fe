import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { dataFolder } from "../user-folders.ts";
import { sqliteScheme } from "./sqlite.ts";
import { refused } from "./store-path.ts";
import type { StoreLocation, StoreScheme } from "./store-scheme.ts";

/** A SQLite database in the user's own data folder, in a folder that nobody else may look into. */
export const homeScheme: StoreScheme<Extract<StoreLocation, { kind: "home" }>> = {
  schemes: ["home"],
  form: "home:",
  parse({ text, rest }) {
    if (rest !== "") throw refused(text, "home: takes no path; it lies in your own data folder");
    return { kind: "home", file: join(dataFolder(), "thulp-sessions", "sessions.db") };
  },
  format: () => "home:",
  placeOf: ({ file }) => file,
  isRemote: false,
  takesDurability: true,
  async open({ file }, options) {
    if (options.readOnly !== true) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return sqliteScheme.open({ kind: "sqlite", file }, options);
  },
  maintenance: ({ file }, options) => sqliteScheme.maintenance({ kind: "sqlite", file }, options),
};

import { fileURLToPath } from "node:url";

/**
 * The same folder from `src` and from `dist`; a bundle that holds this file one folder down brings it along,
 * beside those of other stores.
 */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL("../drizzle/postgres", import.meta.url));

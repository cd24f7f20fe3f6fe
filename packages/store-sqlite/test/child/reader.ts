import { writeSync } from "node:fs";
import { isSessionError } from "@thulp-sessions/core";
import { openSqliteStore } from "../../src/index.ts";
import { entry } from "../session-data.ts";

// Opens a file as the user of this process, prints what it finds as JSON, and tries to append to a session.
const [file = "", id = "", readOnly] = process.argv.slice(2);
const warnings: string[] = [];
const store = await openSqliteStore({
  file,
  readOnly: readOnly === "read-only",
  onWarning: ({ message }) => warnings.push(message),
});
const { items } = await store.list();
const found = {
  capabilities: store.capabilities,
  names: items.map(({ name }) => name).sort(),
  entries: (await store.get(id)).entries.length,
  hits: (await store.search({ text: "needle" })).items.length,
  damage: (await store.checkIntegrity()).length,
  append: await store.append(id, [entry("more")], { at: 1 }).then(
    () => "done",
    (error) => (isSessionError(error) ? `${error.code}: ${error.message}` : String(error)),
  ),
};
await store.close();
writeSync(1, `${JSON.stringify({ ...found, warnings })}\n`);

import { writeSync } from "node:fs";
import { isSessionError, type SessionId } from "@thulp-sessions/core";
import { openSqliteStore } from "../../src/index.ts";
import { entry, session } from "../session-data.ts";

// Creates the named sessions where they are missing, appends batches of `batch` entries to them in turn,
// and prints the ids of each acknowledged one. Ends after `count` batches in all, 0 for never.
const [file = "", durability = "full", count = "0", batch = "1", ...sessions] = process.argv.slice(2);
const store = await openSqliteStore({ file, durability: durability as "full" });
for (const id of sessions) {
  await store.create(session({ id: id as SessionId })).catch((error) => {
    if (!isSessionError(error, "already_exists")) throw error;
  });
}
for (let i = 0; count === "0" || i < Number(count); i++) {
  const entries = Array.from({ length: Number(batch) }, () =>
    entry({ text: `message ${i} of ${process.pid}` }),
  );
  await store.append(sessions[i % sessions.length] as string, entries, { at: Date.now() });
  writeSync(1, `${entries.map(({ id }) => id).join(" ")}\n`);
}
await store.close();

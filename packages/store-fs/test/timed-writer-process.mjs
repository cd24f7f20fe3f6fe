// A process of its own that appends to a session, each time at 1,000 more than the number of entries it then
// has. Runs the built package. Arguments: folder, session. Until it is killed.
import { newUuid } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";

const [dir, id] = process.argv.slice(2);
const store = await openFileStore({ dir, durability: "relaxed", lockTimeoutMs: 30_000 });
for (let i = 0; ; i++) {
  const entry = () => ({
    id: newUuid(),
    timestamp: 1,
    entryType: { type: "user_message" },
    content: "x",
  });
  const { entryCount } = await store.head(id);
  const batch = i % 3 === 0 ? [entry(), entry()] : [entry()];
  await store.append(id, batch, { at: 1_000 + entryCount + batch.length });
}

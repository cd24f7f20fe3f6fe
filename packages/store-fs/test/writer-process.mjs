// A process of its own that writes to a store until it has done its work or is killed. Runs the built
// package. Arguments: folder, sessions (by turns), writer, how many entries (0: until killed). Tells every
// acknowledged entry on stdout.
import { openFileStore } from "@thulp-sessions/store-fs";

const [dir, sessions, writer, count] = process.argv.slice(2);
const ids = sessions.split(",");
const wanted = count === "0" ? Number.POSITIVE_INFINITY : Number(count);
const store = await openFileStore({ dir, durability: "relaxed", lockTimeoutMs: 30_000 });
for (let i = 0, told = 0; told < wanted; i++) {
  const entries = Array.from({ length: Math.min(i % 5 === 4 ? 3 : 1, wanted - told) }, (_, part) => ({
    id: `${writer.padStart(8, "0")}-0000-4000-8000-${String(i * 10 + part).padStart(12, "0")}`,
    timestamp: i,
    entryType: { type: "user_message" },
    content: { text: "x".repeat((i * 37) % 2000) },
  }));
  await store.append(ids[(i + Number(writer)) % ids.length], entries, { at: i });
  told += entries.length;
  // Synchronous, so that what was told was told before the kill.
  process.stdout.write(`${entries.map((entry) => entry.id).join(" ")}\n`);
}
await store.close();

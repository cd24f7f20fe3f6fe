// A process of its own that reads a session page by page and tells how much memory it took at most, in MB.
// Arguments: folder, session.
import { openFileStore } from "@thulp-sessions/store-fs";

const [dir = "", id = ""] = process.argv.slice(2);
const store = await openFileStore({ dir });
const atStart = process.resourceUsage().maxRSS;
let entries = 0;
let cursor: string | null = null;
do {
  const page = await store.readEntries(id, { limit: 1_000, ...(cursor === null ? {} : { cursor }) });
  entries += page.items.length;
  cursor = page.nextCursor;
} while (cursor !== null);
await store.close();
const megabytes = (kilobytes: number) => Math.round(kilobytes / 1024);
console.log(
  JSON.stringify({
    entries,
    startMb: megabytes(atStart),
    mostMb: megabytes(process.resourceUsage().maxRSS),
  }),
);

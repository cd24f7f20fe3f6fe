// The main job, over the API: list the sessions of a server, page through one, append to it, complete it,
// fork it, search.
//   node apps/api/examples/main-job.mjs http://127.0.0.1:4664
// It changes the sessions of that server. Ids and times are given, so that from equal beginnings it says the
// same whatever store is served. To run it again does no harm: the entry and the fork are there already.
import { createClient, sessionErrorOf } from "@thulp-sessions/client";

const url = process.argv[2] ?? "http://127.0.0.1:4664";
const client = createClient({ url, token: process.env.THULP_SESSIONS_TOKEN });

const { sessionCount } = await client.server.info.query();
console.log(`${sessionCount} sessions, newest first:`);
let cursor;
do {
  const page = await client.sessions.list.query({ limit: 20, cursor });
  for (const { id, name, status, updatedAt } of page.items) {
    console.log(
      `  ${id}  ${new Date(updatedAt).toISOString()}  ${status.padEnd(9)}  ${JSON.stringify(name.slice(0, 40))}`,
    );
  }
  cursor = page.nextCursor ?? undefined;
} while (cursor !== undefined);

const { items: newest } = await client.sessions.list.query({ limit: 100 });
const heads = await Promise.all(newest.map(({ id }) => client.sessions.head.query({ id })));
const longest = heads.sort((a, b) => b.entryCount - a.entryCount)[0];
if (!longest || longest.entryCount < 2) {
  console.error("This server has no session with two entries: there is nothing to show.");
  process.exit(1);
}
const { id } = longest.metadata;
console.log(`\nThe entries of ${id}, 500 at a time:`);
let pages = 0;
cursor = undefined;
do {
  const page = await client.entries.list.query({ id, limit: 500, cursor });
  pages++;
  for (const { seq, entryType, content } of page.items.slice(0, 2)) {
    console.log(`  ${seq}  ${entryType.type}  ${JSON.stringify(content).slice(0, 60)}`);
  }
  cursor = page.nextCursor ?? undefined;
} while (cursor !== undefined);
console.log(`  (${pages} pages)`);

const entry = {
  id: "0190a3c5-7b1f-7d11-8e21-5b7c9d1e3f40",
  timestamp: 1_800_000_000_000,
  entryType: { type: "user_message" },
  content: { text: "Where did we leave the heliotrope migration?" },
};
for (const attempt of ["append", "the same again"]) {
  const { entries, entryCount } = await client.entries.append.mutate({
    id,
    entries: [entry],
    at: entry.timestamp,
  });
  console.log(
    `\n${attempt}: ${entries[0].added ? "stored" : "was there"} as entry ${entries[0].seq} of ${entryCount}`,
  );
}

const { metadata } = await client.sessions.complete.mutate({ id, at: 1_800_000_000_001 });
console.log(`completed: ${metadata.name} is ${metadata.status}`);

try {
  const fork = await client.sessions.fork.mutate({
    id,
    newId: "0190a3c5-7b1f-7d11-8e21-000000000001",
    entryCount: 2,
    at: 1_800_000_000_002,
  });
  console.log(
    `forked: ${fork.metadata.id} has ${fork.entryCount} entries and the parent ${fork.metadata.parentSession}`,
  );
} catch (error) {
  if (sessionErrorOf(error)?.code !== "already_exists") throw error;
  console.log("forked: was there");
}

const { items: hits } = await client.sessions.search.query({ text: "heliotrope migr*" });
for (const { sessionId, seq, snippet, offsets } of hits) {
  console.log(`found: ${sessionId} entry ${seq}: ${snippet} ${JSON.stringify(offsets)}`);
}

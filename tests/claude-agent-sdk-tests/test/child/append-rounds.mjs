// Appends to a session and to a transcript beside it until it is killed, and says what is stored; in between
// it lists the summaries, which writes too. A round that is there already is a replay:
//   node append-rounds.mjs STORE-URL FIRST COUNT
import { claudeSessionStore } from "@thulp-sessions/claude-agent-sdk";
import { openStore } from "@thulp-sessions/config";

const [url, first, count] = process.argv.slice(2);
const store = await openStore(url);
const claude = claudeSessionStore(store, {
  foldSessionSummary: (previous, { sessionId }, entries, { mtime }) => ({
    sessionId,
    mtime,
    data: { count: (previous?.data.count ?? 0) + entries.length },
  }),
});
process.stdout.write("appending\n");
for (let round = Number(first); round < Number(first) + Number(count); round++) {
  const subpath = round % 3 === 2 ? "subagents/agent-1" : undefined;
  const entries = ["user", "assistant", "system"].map((type, i) => ({
    type,
    uuid: `00000000-0000-4000-8000-${String(3 * round + i).padStart(12, "0")}`,
    round,
  }));
  await claude.append({ projectKey: "proj", sessionId: "sess", subpath }, entries);
  process.stdout.write(`stored ${round}\n`);
  if (round % 5 === 4) await claude.listSessionSummaries("proj");
}
process.stdout.write("finished\n");
await store.close();

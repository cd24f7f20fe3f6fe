// Adds items to a session until it is killed, half of them by transactions, and says which are stored:
//   node add-items.mjs STORE-URL SESSION NAME FIRST COUNT
import { openStore } from "@thulp-sessions/config";
import { ThulpSession } from "@thulp-sessions/openai-agents";

const [url, sessionId, name, first, count] = process.argv.slice(2);
const store = await openStore(url);
const session = new ThulpSession(store, { sessionId });
for (let i = Number(first); i < Number(first) + Number(count); i++) {
  const items = ["question", "answer"].map((content) => ({
    role: "user",
    content: `${content} ${name}${i}`,
  }));
  if (i % 2) await session.addItems(items);
  else
    await session.applyHistoryTransaction({
      operationId: `${name}${i}`,
      transaction: { type: "append_items", items },
    });
  process.stdout.write(`stored ${i}\n`);
}
process.stdout.write("finished\n");
await store.close();

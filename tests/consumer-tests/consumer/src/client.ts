import { startServer } from "@thulp-sessions/api";
import { createClient, sessionErrorOf } from "@thulp-sessions/client";
import { MemoryStore } from "@thulp-sessions/core/memory";

const server = await startServer({ store: new MemoryStore(), port: 0, token: "s3cret" });
const client = createClient({ url: server.url, token: "s3cret" });
const { metadata } = await client.sessions.create.mutate({
  name: "From outside",
  sessionType: { type: "agent", agentName: "consumer" },
});
const live = new Promise<string>((resolve) => {
  const subscription = client.entries.subscribe.subscribe(
    { id: metadata.id },
    {
      onData({ data }) {
        if (data.type !== "entry") return;
        subscription.unsubscribe();
        resolve(JSON.stringify(data.entry.content));
      },
    },
  );
});
await client.entries.append.mutate({
  id: metadata.id,
  entries: [{ entryType: { type: "user_message" }, content: { text: "Hello" } }],
});
console.log("live:", await live);
const stranger = createClient({ url: server.url });
console.log(
  "without the token:",
  await stranger.sessions.list.query().catch((error) => sessionErrorOf(error)?.code),
);
await server.stop();

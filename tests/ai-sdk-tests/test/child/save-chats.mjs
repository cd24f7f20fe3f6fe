// Saves a chat that grows by one message a time, and says so; each message names who has saved it:
//   node save-chats.mjs STORE-URL CHAT NAME COUNT
import { chatStore } from "@thulp-sessions/ai-sdk";
import { openStore } from "@thulp-sessions/config";

const [url, chatId, name, count] = process.argv.slice(2);
const store = await openStore(url);
const chats = chatStore(store);
const messages = (await chats.loadChat(chatId)).filter(({ id }) => id.startsWith(name));
for (let i = messages.length; i < Number(count); i++) {
  messages.push({ id: `${name}${i}`, role: "user", parts: [{ type: "text", text: `from ${name}` }] });
  await chats.saveChat({ chatId, messages });
  process.stdout.write(`saved ${messages.length}\n`);
}
process.stdout.write("finished\n");
await store.close();

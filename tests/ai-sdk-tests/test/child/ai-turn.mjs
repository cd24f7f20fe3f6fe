// A turn of a chat with the AI SDK, in whichever version, kept in files; prints what was stored of it:
//   node ai-turn.mjs PACKAGE FOLDER
import { chatStore, createResumableStreamContext } from "@thulp-sessions/ai-sdk";
import { openFileStore } from "@thulp-sessions/store-fs";

const [name, dir] = process.argv.slice(2);
const ai = await import(name);
const { MockLanguageModelV3 } = await import(`${name}/test`);
const store = await openFileStore({ dir });
const validate = (messages) => ai.validateUIMessages({ messages });
const chats = chatStore(store, { validate });
const streams = createResumableStreamContext(store);
const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const parts = [
  { type: "stream-start", warnings: [] },
  { type: "reasoning-start", id: "r" },
  { type: "reasoning-delta", id: "r", delta: "Zebras are horses." },
  { type: "reasoning-end", id: "r" },
  { type: "text-start", id: "t" },
  { type: "text-delta", id: "t", delta: "Gra" },
  { type: "text-delta", id: "t", delta: "ss." },
  { type: "text-end", id: "t" },
  { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage },
];
const model = new MockLanguageModelV3({
  doStream: async () => ({ stream: ai.simulateReadableStream({ chunks: parts }) }),
});
const messages = [{ id: "u1", role: "user", parts: [{ type: "text", text: "What does the zebra eat?" }] }];
await chats.saveChat({ chatId: "chat", messages });
let saved;
const isSaved = new Promise((resolve) => {
  saved = resolve;
});
const response = ai
  .streamText({ model, messages: await ai.convertToModelMessages(messages) })
  .toUIMessageStreamResponse({
    originalMessages: messages,
    generateMessageId: () => "a1",
    consumeSseStream: ({ stream }) => streams.createNewResumableStream("s", () => stream),
    onFinish: async ({ messages: all }) => saved(await chats.saveChat({ chatId: "chat", messages: all })),
  });
const sent = await response.text();
await isSaved;
const stored = await chatStore(await openFileStore({ dir }), { validate }).loadChat("chat");
const isResumable = (await streams.hasExistingStream("s")) !== null;
process.stdout.write(`${JSON.stringify({ stored, isResumable, isSent: sent.includes("ss.") })}\n`);
process.exit();

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { chatStore, createResumableStreamContext } from "@thulp-sessions/ai-sdk";
import type { SessionStore } from "@thulp-sessions/core";
import {
  convertToModelMessages,
  generateId,
  type LanguageModel,
  streamText,
  UI_MESSAGE_STREAM_HEADERS,
  type UIMessage,
  validateUIMessages,
} from "ai";

type NodeStream = Parameters<typeof Readable.fromWeb>[0];

/** A chat for `useChat({ resume: true })`: its two routes, and the messages that a page begins with. */
export function chatServer(store: SessionStore, model: LanguageModel): Server {
  const chats = chatStore<UIMessage>(store, { validate: (messages) => validateUIMessages({ messages }) });
  const streams = createResumableStreamContext(store);

  /** POST /api/chat: answers, and goes on when the page is closed. */
  async function answer(request: IncomingMessage, response: ServerResponse) {
    const body = (await json(request)) as { id: string; messages: unknown };
    const messages = await validateUIMessages({ messages: body.messages });
    const chatId = body.id;
    const streamId = generateId();
    await chats.saveChat({ chatId, messages });
    await chats.setActiveStream(chatId, streamId);
    const result = streamText({ model, messages: await convertToModelMessages(messages) });
    await result.pipeUIMessageStreamToResponse(response, {
      originalMessages: messages,
      generateMessageId: generateId,
      consumeSseStream: async ({ stream }) => {
        await streams.createNewResumableStream(streamId, () => stream);
      },
      onFinish: async ({ messages }) => {
        await chats.saveChat({ chatId, messages });
        await chats.clearActiveStream(chatId, streamId);
      },
    });
  }

  /** GET /api/chat/ID/stream: what is being answered, from its beginning. */
  async function resume(chatId: string, response: ServerResponse) {
    const streamId = await chats.activeStream(chatId);
    const stream = streamId === null ? null : await streams.resumeExistingStream(streamId);
    response.writeHead(stream ? 200 : 204, stream ? UI_MESSAGE_STREAM_HEADERS : {});
    // Where the stream fails, the connection ends: the page shows it, and can ask again.
    if (stream) await pipeline(Readable.fromWeb(stream as NodeStream), response);
    else response.end();
  }

  return createServer(async (request, response) => {
    try {
      const [, chatId, stream] = /^\/api\/chat\/([^/]+)(\/stream)?$/.exec(request.url ?? "") ?? [];
      if (request.method === "POST") await answer(request, response);
      else if (chatId === undefined) response.writeHead(404).end();
      else if (stream !== undefined) await resume(decodeURIComponent(chatId), response);
      else response.end(JSON.stringify(await chats.loadChat(decodeURIComponent(chatId))));
    } catch (error) {
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end(String(error));
    }
  });
}

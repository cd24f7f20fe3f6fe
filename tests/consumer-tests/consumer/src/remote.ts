import { startServer } from "@thulp-sessions/api";
import { openRemoteStore } from "@thulp-sessions/client";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { story } from "./story.ts";

const server = await startServer({ store: new MemoryStore(), port: 0 });
await story(await openRemoteStore({ url: server.url }));
await server.stop();

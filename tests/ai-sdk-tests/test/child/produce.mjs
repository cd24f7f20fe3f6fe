// Produces a stream of lines 0, 1, 2, ... or follows the one that another process produces, and says which:
//   node produce.mjs STORE-URL STREAM LINES
import { createResumableStreamContext } from "@thulp-sessions/ai-sdk";
import { openStore } from "@thulp-sessions/config";

const [url, streamId, lines] = process.argv.slice(2);
const store = await openStore(url);
const streams = createResumableStreamContext(store);
let line = 0;
const stream = await streams.resumableStream(streamId, () => {
  process.stdout.write("producing\n");
  return new ReadableStream({
    pull: async (controller) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (line < Number(lines)) controller.enqueue(`${line++}\n`);
      else controller.close();
    },
  });
});
let text = "";
for await (const chunk of stream ?? []) text += chunk;
process.stdout.write(`read ${text.length} ${text === [...Array(Number(lines)).keys(), ""].join("\n")}\n`);
await store.close();

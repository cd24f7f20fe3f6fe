// Puts checkpoints of one growing list of messages until it is killed, and says the id of each stored one:
//   node put-steps.mjs STORE-URL THREAD NAMESPACE FIRST COUNT
import { HumanMessage } from "@langchain/core/messages";
import { emptyCheckpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import { openStore } from "@thulp-sessions/config";
import { ThulpSaver } from "@thulp-sessions/langgraph";

const [url, thread_id, checkpoint_ns, first, count] = process.argv.slice(2);
const saver = new ThulpSaver(await openStore(url), { trustItems: true });
let config = { configurable: { thread_id, checkpoint_ns } };
const newest = await saver.getTuple(config);
let messages = newest?.checkpoint.channel_values.messages ?? [];
if (newest !== undefined) config = newest.config;
for (let step = Number(first); step < Number(first) + Number(count); step++) {
  const message = new HumanMessage({
    id: `${checkpoint_ns}${step}`,
    content: `step ${step} ${"x".repeat(200)}`,
  });
  if (config.configurable.checkpoint_id !== undefined)
    await saver.putWrites(config, [["messages", [message]]], `task ${step}`);
  messages = [...messages, message];
  const checkpoint = {
    ...emptyCheckpoint(),
    id: uuid6(step),
    channel_values: { messages },
    channel_versions: { messages: messages.length },
  };
  config = await saver.put(
    config,
    checkpoint,
    { source: "loop", step, parents: {} },
    { messages: messages.length },
  );
  process.stdout.write(`stored ${config.configurable.checkpoint_id} ${messages.length}\n`);
}
process.stdout.write("finished\n");
await new Promise((resolve) => process.stdin.once("end", resolve).resume());

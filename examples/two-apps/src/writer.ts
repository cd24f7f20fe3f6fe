// The first app: an agent at work, which writes what it does into a session.
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createClient, sessionErrorOf } from "@thulp-sessions/client";
import { toolCall } from "@thulp-sessions/core";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:4664" },
    steps: { type: "string", default: "20" },
    "every-ms": { type: "string", default: "1000" },
  },
});
const stop = new AbortController();
const { signal } = stop;
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());

async function main(): Promise<void> {
  // While the server restarts, what may be repeated is repeated: appends bring their ids, so none is stored
  // twice.
  const client = createClient({
    url: values.url,
    token: process.env["THULP_SESSIONS_TOKEN"],
    retryForMs: 60_000,
  });
  const { metadata } = await client.sessions.create.mutate(
    {
      name: "Counting sheep",
      sessionType: { type: "agent", agentName: "shepherd" },
      tags: ["two-apps"],
    },
    { signal },
  );
  const { id } = metadata;
  console.log(`session ${id}`);
  // Told in the session itself, so that whoever follows it knows too.
  const end = async (event: "completed" | "cancelled" | "failed") => {
    await client.entries.append.mutate({
      id,
      entries: [{ entryType: { type: "system_event", event }, content: null }],
    });
    await client.sessions.update.mutate({ id, status: event });
    console.log(event);
  };
  try {
    for (let step = 1; step <= Number(values.steps); step++) {
      const entries = [toolCall("count_sheep", true, { sheep: step })];
      await client.entries.append.mutate({ id, entries }, { signal });
      console.log(`wrote ${step}`);
      await pause(Number(values["every-ms"]), undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) {
      await end("failed").catch(() => {});
      throw error;
    }
    return end("cancelled");
  }
  await end("completed");
}

main().catch((error) => {
  console.error(`writer: ${(sessionErrorOf(error) ?? error).message}`);
  process.exitCode = 1;
});

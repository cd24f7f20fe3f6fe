// The second app: shows live what the first one writes.
import process from "node:process";
import { parseArgs } from "node:util";
import { createClient, type SessionClient, sessionErrorOf } from "@thulp-sessions/client";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:4664" },
    session: { type: "string" },
    after: { type: "string" },
  },
});

async function newestSession(client: SessionClient): Promise<string> {
  const filter = { type: "agent", tag: "two-apps" };
  const [newest] = (await client.sessions.list.query({ filter, limit: 1 })).items;
  if (!newest) throw new Error("There is no session to follow yet: start the writer.");
  return newest.id;
}

async function main(): Promise<void> {
  const client = createClient({ url: values.url, token: process.env["THULP_SESSIONS_TOKEN"] });
  const id = values.session ?? (await newestSession(client));
  console.log(`following ${id}`);
  // Where the next one to look goes on: everything up to this token has been shown.
  let token = values.after;
  await new Promise<void>((resolve, reject) => {
    const finish = (why: string) => {
      subscription.unsubscribe();
      console.log(why);
      resolve();
    };
    // First all that was written already, then what comes. It reconnects by itself and goes on where it was.
    const subscription = client.entries.subscribe.subscribe(
      { id, after: token },
      {
        onData({ id: eventToken, data: event }) {
          token = eventToken;
          if (event.type === "deleted") finish("the session was deleted");
          else if (event.type === "rewound")
            console.log(`only the first ${event.entryCount} are still there`);
          else if (event.entry.entryType.type === "system_event") finish(event.entry.entryType.event);
          else console.log(`#${event.entry.seq} ${JSON.stringify(event.entry.content)}`);
        },
        onConnectionStateChange({ state, error }) {
          if (state === "connecting" && error) console.log("the connection is lost: trying again");
        },
        onError: reject,
      },
    );
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => finish(`stopped; to go on: --session ${id} --after ${token ?? "start"}`));
    }
  });
}

main().catch((error) => {
  console.error(`follower: ${(sessionErrorOf(error) ?? error).message}`);
  process.exitCode = 1;
});

// A program that uses a server in every way and then closes what it has opened: it has to end by itself, with
// nothing that keeps it. Runs the built packages. Arguments: what to leave under way, the server's URL, a
// session. Prints "closed" when it has nothing left to do.
import { createClient, openRemoteStore } from "@thulp-sessions/client";
import { SessionManager } from "@thulp-sessions/core";

const [what, url, id] = process.argv.slice(2);

const WAYS = {
  async watch(store) {
    const changes = await store.watch();
    await changes.return();
  },
  async "watch that waits"(store) {
    const changes = await store.watch();
    void changes.next();
  },
  async "watch of one session"(store) {
    const changes = await store.watch({ id });
    void changes.next();
  },
  async subscription(store) {
    const events = new SessionManager(store).subscribe(id);
    await events.next();
    void events.next();
  },
  async "subscription of the client"() {
    await new Promise((resolve) => {
      const subscription = createClient({ url }).entries.subscribe.subscribe(
        { id },
        { onData: () => resolve(subscription.unsubscribe()) },
      );
    });
  },
  async requests(store) {
    void store.head(id);
    void store.search({ text: "x" });
  },
  async retries() {
    // Nothing listens there: the call is repeated, and given up at its third attempt.
    const givenUp = new AbortController();
    let attempts = 0;
    const client = createClient({
      url: "http://127.0.0.1:9",
      async fetch(input, init) {
        if (++attempts === 3) givenUp.abort(new Error("given up"));
        return fetch(input, init);
      },
    });
    await client.sessions.list.query(undefined, { signal: givenUp.signal }).catch(() => {});
    if (attempts < 3) throw new Error(`There were ${attempts} attempts.`);
  },
};

const store = await openRemoteStore({ url });
await WAYS[what](store);
await store.close();
process.stdout.write("closed\n");

import { createClient, openRemoteStore } from "@thulp-sessions/client";
import { SessionManager } from "@thulp-sessions/core";
import { conformanceCases, type SubjectFactory } from "@thulp-sessions/store-conformance";
import type { Bindings, Outcome, Page, Place } from "./bindings.ts";

const { window } = globalThis as unknown as { window: Bindings & Page };

let requests = 0;

const countingFetch: typeof fetch = (input, init) => {
  requests++;
  return fetch(input, init);
};

const placeForCase: SubjectFactory = async () => {
  const place = await window.makePlace();
  return {
    open: () => openRemoteStore({ ...place, fetch: countingFetch }),
    dispose: () => window.removePlace(place.url),
  };
};

window.runCase = async (id) => {
  const found = conformanceCases.find((each) => each.id === id);
  if (found === undefined) throw new Error(`There is no case ${id}.`);
  return tell(found.id, () => found.run(placeForCase));
};

window.follow = () =>
  tell("follow", async () => {
    const place = await window.makePlace();
    try {
      await followWhatAnotherWrites(place);
    } finally {
      await window.removePlace(place.url);
    }
  });

/** One client appends, another one and a manager over a remote store follow the session live. */
async function followWhatAnotherWrites(place: Place): Promise<void> {
  const options = { ...place, fetch: countingFetch };
  const [writer, reader, store] = [
    createClient(options),
    createClient(options),
    await openRemoteStore(options),
  ];
  const { metadata } = await writer.sessions.create.mutate({
    name: "live",
    sessionType: { type: "conversation", purpose: "p" },
  });
  const told: unknown[] = [];
  const subscribed = new Promise<void>((resolve, reject) => {
    const subscription = reader.entries.subscribe.subscribe(
      { id: metadata.id },
      {
        onData: ({ data }) => {
          if (data.type === "entry") told.push(data.entry.content);
          if (told.length < 3) return;
          subscription.unsubscribe();
          resolve();
        },
        onError: reject,
      },
    );
  });
  const ending = new AbortController();
  const heard: unknown[] = [];
  const iterated = (async () => {
    for await (const event of new SessionManager(store).subscribe(metadata.id, { signal: ending.signal })) {
      if (event.type === "entry") heard.push(event.entry.content);
      if (heard.length === 3) ending.abort();
    }
  })();
  for (const content of ["one", "two", "three"]) {
    await writer.entries.append.mutate({
      id: metadata.id,
      entries: [{ entryType: { type: "user_message" }, content }],
    });
  }
  await Promise.all([subscribed, iterated]);
  await store.close();
  for (const list of [told, heard])
    if (String(list) !== "one,two,three") throw new Error(`It was told ${String(list)}.`);
}

async function tell(name: string, work: () => Promise<void>): Promise<Outcome> {
  requests = 0;
  const error = await work().then(
    () => null,
    (reason: unknown) => String(reason instanceof Error ? (reason.stack ?? reason) : reason),
  );
  return { name, origin: location.origin, browser: navigator.userAgent, requests, error };
}

import { openRemoteStore, sessionErrorOf } from "@thulp-sessions/client";
import { SessionManager } from "@thulp-sessions/core";
import { MAX_ANSWER_LENGTH } from "@thulp-sessions/router";
import { expect, it, onTestFinished } from "vitest";
import { CHAT, ID, refusal, send, serve, user } from "./harness.ts";

const ENTRY_LENGTH = 8 * 1024 * 1024;
const COUNT = MAX_ANSWER_LENGTH / ENTRY_LENGTH + 1;

async function serveLarge() {
  const served = await serve();
  await served.client.sessions.create.mutate({ id: ID, name: "large", sessionType: CHAT });
  // Each entry makes a page of its own.
  for (let n = 0; n < COUNT; n++)
    await served.client.entries.append.mutate({ id: ID, entries: [user(`${n}`.repeat(ENTRY_LENGTH))] });
  return served;
}

it("a session that is too large for one answer is refused with what to do, and read in pages by a store", async () => {
  const { url, client, store } = await serveLarge();
  const refused = await send(
    `${url}/trpc/sessions.get?input=${encodeURIComponent(JSON.stringify({ id: ID }))}`,
  );
  expect(refused).toMatchObject(refusal(422, "unsupported", /entries in pages/));
  const error = await client.sessions.get.query({ id: ID }).catch(sessionErrorOf);
  expect(error).toMatchObject({ code: "unsupported", details: { sessionId: ID, field: "entries" } });

  const remote = await openRemoteStore({ url });
  onTestFinished(() => remote.close());
  const session = await remote.get(ID);
  expect(session.entries.length).toBe(COUNT);
  expect(session.version).toBe((await store.head(ID)).version);
  expect((await new SessionManager(remote).loadSession(ID)).entries.length).toBe(COUNT);
});

it("the answers of one batch are bounded together", async () => {
  const { url } = await serveLarge();
  const paths = Array.from({ length: COUNT + 1 }, () => "entries.list");
  const inputs = Object.fromEntries(paths.map((_, i) => [i, { id: ID, limit: 1 }]));
  const body = JSON.stringify(inputs);
  const headers = { "content-type": "application/json" };
  const answer = await send(`${url}/trpc/${paths.join(",")}?batch=1`, { method: "POST", headers, body });
  const answers = answer.json as { result?: unknown; error?: unknown }[];
  expect(answer.status).toBe(207);
  expect(answers.filter(({ result }) => result).length).toBe(COUNT - 2);
  const [refused] = answers.filter(({ error }) => error);
  expect(refused).toMatchObject(refusal(422, "unsupported", /request of its own/).json);
});

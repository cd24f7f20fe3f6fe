import { join } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { openStore } from "@thulp-sessions/config";
import { SessionManager } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { startNode, startServerProgram, tempFolder } from "@thulp-sessions/testing";
import { expect, test } from "vitest";
import { chat } from "../src/chat.ts";
import type { Model } from "../src/model.ts";

const MAIN = join(import.meta.dirname, "../dist/main.js");

/** The fake model repeats it word by word: long enough to be interrupted, however slow this machine is. */
const LONG = "and so on ".repeat(1000).trim();

async function sessionsIn(url: string, cwd: string) {
  await using store = await openStore(url, { cwd });
  const all = await new SessionManager(store).listSessions();
  return Promise.all(
    all.map(async ({ id, status }) => {
      const { items } = await store.readEntries(id);
      return { status, said: items.map(({ content }) => (content as { text: string }).text) };
    }),
  );
}

test.each(["sqlite:chat.db", "fs:sessions", "a server"])("goes on where it was, in %s", async (place) => {
  const cwd = tempFolder();
  const url = place === "a server" ? (await startServerProgram(["--store", "memory:"])).url : place;
  const first = startNode([MAIN, "--store", url], { cwd });
  first.type("hello");
  await first.says("That was message 1 of this conversation. You said: hello\n> ");
  first.endInput();
  expect(await first.ended).toMatchObject({ code: 0 });

  const second = startNode([MAIN], { cwd, env: { THULP_SESSIONS_STORE: url } });
  await second.says("user: hello\nassistant: That was message 1");
  second.type("again");
  await second.says("That was message 2 of this conversation. You said: again\n");
  second.type("/new");
  await second.says(/Session \S+\n> $/);
  second.type("/quit");
  expect(await second.ended).toMatchObject({ code: 0 });

  const [fresh, old] = await sessionsIn(url, cwd);
  expect(fresh).toEqual({ status: "active", said: [] });
  expect(old).toMatchObject({ status: "completed", said: { length: 4, 0: "hello", 2: "again" } });
});

test("a message outlives kill -9, and the next start asks for its answer", async () => {
  const cwd = tempFolder();
  const first = startNode([MAIN], { cwd });
  first.type(`are you there? ${LONG}`);
  await first.says("That was message");
  first.kill("SIGKILL");
  await first.ended;
  const second = startNode([MAIN], { cwd });
  await second.says(`user: are you there? ${LONG}\nYour last message has no answer yet.`);
  second.type("");
  await second.says("That was message 1 of this conversation. You said: are you there?");
  second.kill("SIGTERM");
  await second.ended;
  const said = [`are you there? ${LONG}`];
  expect(await sessionsIn("sqlite:.thulp/sessions.db", cwd)).toEqual([{ status: "active", said }]);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s ends it cleanly, also in the middle of an answer",
  async (signal) => {
    const cwd = tempFolder();
    const program = startNode([MAIN, "--store", "sqlite:chat.db"], { cwd });
    program.type(LONG);
    await program.says("That was");
    program.kill(signal);
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
    expect(program.output()).toContain("Interrupted. Your message is kept");
    expect(await sessionsIn("sqlite:chat.db", cwd)).toEqual([{ status: "active", said: [LONG] }]);
  },
);

test("a wrong configuration is said in one line", async () => {
  const { code, output } = await startNode([MAIN, "--store", "nowhere"]).ended;
  expect(code).toBe(1);
  expect(output).toMatch(/^chat-loop: .*--store.*\n$/);
});

test("a model that fails is asked again on Enter, and told what was said before", async () => {
  const manager = new SessionManager(new MemoryStore());
  const asked: string[][] = [];
  const model: Model = async function* (messages) {
    asked.push(messages.map(({ text }) => text));
    if (asked.length === 1) throw new Error("overloaded");
    yield "fine";
  };
  const input = new PassThrough();
  let told = "";
  const write = (text: string) => {
    told += text;
  };
  const talk = chat(
    manager,
    model,
    { lines: createInterface({ input }), write },
    new AbortController().signal,
  );
  input.end("one\n\ntwo\n");
  await talk;
  expect(told).toContain("The model failed: Error: overloaded. Your message is kept: Enter asks again.");
  expect(asked).toEqual([["one"], ["one"], ["one", "fine", "two"]]);
});

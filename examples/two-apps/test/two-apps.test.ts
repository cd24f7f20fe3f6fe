import { join } from "node:path";
import { createClient } from "@thulp-sessions/client";
import { startNode, startServerProgram, tempFolder } from "@thulp-sessions/testing";
import { expect, test } from "vitest";

const WRITER = join(import.meta.dirname, "../dist/writer.js");
const FOLLOWER = join(import.meta.dirname, "../dist/follower.js");

/** The numbers of the entries that a follower has shown, in its order. */
function shown(output: string): number[] {
  return [...output.matchAll(/^#(\d+) \{"sheep":(\d+)\}$/gm)].map(([, seq, sheep]) => {
    expect(Number(sheep)).toBe(Number(seq) + 1);
    return Number(seq);
  });
}

function numbersTo(end: number): number[] {
  return Array.from({ length: end }, (_, n) => n);
}

test.each(["sqlite:sessions.db", "fs:sessions"])(
  "what is written is shown once and in order, also across a kill of the server, over %s",
  async (store) => {
    const cwd = tempFolder();
    const server = await startServerProgram(["--store", store], { cwd });
    const port = new URL(server.url).port;
    const writer = startNode([WRITER, "--url", server.url, "--steps", "150", "--every-ms", "20"]);
    await writer.says("wrote 5\n");
    const follower = startNode([FOLLOWER, "--url", server.url]);
    await follower.says("#10 ");
    server.kill("SIGKILL");
    await server.ended;
    await follower.says("the connection is lost: trying again");
    await startServerProgram(["--store", store, "--port", port], { cwd });

    expect(await writer.ended).toMatchObject({ code: 0 });
    const { code, output } = await follower.ended;
    expect(output).toMatch(/\ncompleted\n$/);
    expect(code).toBe(0);
    expect(shown(output)).toEqual(numbersTo(150));
  },
);

test("Ctrl-C: the writer's session is cancelled, the follower can go on where it stopped", async () => {
  const server = await startServerProgram(["--store", "memory:"]);
  const writer = startNode([WRITER, "--url", server.url, "--every-ms", "10", "--steps", "100000"]);
  await writer.says("wrote 3\n");
  const first = startNode([FOLLOWER, "--url", server.url]);
  await first.says("#5 ");
  first.kill("SIGINT");
  expect(await first.ended).toMatchObject({ code: 0, signal: null });
  const [, id = "", token = ""] = await first.says(/stopped; to go on: --session (\S+) --after (\S+)\n/);

  const second = startNode([FOLLOWER, "--url", server.url, "--session", id, "--after", token]);
  await second.says(/^#/m);
  writer.kill("SIGINT");
  expect(await writer.ended).toMatchObject({ code: 0, signal: null });
  expect(await second.ended).toMatchObject({ code: 0 });
  expect(second.output()).toMatch(/\ncancelled\n$/);
  const all = [...shown(first.output()), ...shown(second.output())];
  expect(all).toEqual(numbersTo(all.length));

  const { metadata, entryCount } = await createClient({ url: server.url }).sessions.head.query({ id });
  expect(metadata.status).toBe("cancelled");
  expect(entryCount).toBe(all.length + 1);
});

test("a follower with nothing to follow says what to do", async () => {
  const server = await startServerProgram(["--store", "memory:"]);
  const none = startNode([FOLLOWER, "--url", server.url]);
  expect(await none.ended).toMatchObject({ code: 1 });
  expect(none.output()).toBe("follower: There is no session to follow yet: start the writer.\n");
});

test("a token that is wanted and not given is named", async () => {
  const server = await startServerProgram(["--store", "memory:"], {
    env: { THULP_SESSIONS_TOKEN: "s3cret" },
  });
  const refused = startNode([WRITER, "--url", server.url]);
  expect((await refused.ended).code).toBe(1);
  expect(refused.output()).toMatch(/^writer: .*token.*\n$/);
  const env = { THULP_SESSIONS_TOKEN: "s3cret" };
  const welcome = startNode([WRITER, "--url", server.url, "--steps", "1", "--every-ms", "1"], { env });
  expect(await welcome.ended).toMatchObject({ code: 0 });
});

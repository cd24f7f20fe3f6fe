// What only other processes can show: a producer that is killed, two on one file, another Node.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chatStore, createResumableStreamContext } from "@thulp-sessions/ai-sdk";
import { openStore } from "@thulp-sessions/config";
import type { SessionStore } from "@thulp-sessions/core";
import { startNode, startProgram, tempFolder } from "@thulp-sessions/testing";
import { describe, expect, onTestFinished, test } from "vitest";

const CHILD = join(import.meta.dirname, "child");
const KILLS = process.env["SOAK"] === "1" ? 30 : 2;

describe.each(["sqlite:sessions.db", "fs:sessions"])("over %s", (name) => {
  const place = () => name.replace(":", `:${tempFolder()}/`);

  test("of a killed producer a reader gets what was stored, then that it is gone", async () => {
    const url = place();
    const store = await open(url);
    for (let kill = 0; kill < KILLS; kill++) {
      const program = startNode([join(CHILD, "produce.mjs"), url, `s${kill}`, "100000"]);
      await program.says("producing");
      const streams = createResumableStreamContext(store, { staleAfterMs: 1000 });
      const reader = (await streams.resumeExistingStream(`s${kill}`))?.getReader();
      let text = "";
      // Each time at another place.
      while (text.length < 20 + 300 * kill) text += (await reader?.read())?.value;
      program.kill("SIGKILL");
      await program.ended;
      const rest = async () => {
        for (;;) text += (await reader?.read())?.value;
      };
      await expect(rest()).rejects.toMatchObject({ name: "StreamGoneError" });
      expect("".concat(...Array.from({ length: 20_000 }, (_, i) => `${i}\n`)).startsWith(text)).toBe(true);
      // Who comes later gets the same.
      const late = await streams.resumeExistingStream(`s${kill}`, 10);
      let again = text.slice(0, 10);
      const lateReader = late?.getReader();
      await expect(
        (async () => {
          for (;;) again += (await lateReader?.read())?.value;
        })(),
      ).rejects.toMatchObject({ name: "StreamGoneError" });
      expect(again).toBe(text);
    }
  });

  test("of two processes that ask for one stream one produces, and both read all", async () => {
    const url = place();
    const programs = [0, 1, 2].map(() => startNode([join(CHILD, "produce.mjs"), url, "s", "500"]));
    const ended = await Promise.all(programs.map((program) => program.ended));
    const outputs = ended.map(({ output }) => output);
    expect(outputs.filter((output) => output.includes("producing"))).toHaveLength(1);
    // One that came after the end is told so.
    for (const output of outputs) expect(output).toMatch(/read (1890 true|0 false)/);
    expect(outputs.find((output) => output.includes("producing"))).toContain("read 1890 true");
  });

  test("two processes that save one chat: it is what one of them has saved", async () => {
    const url = place();
    const count = 40;
    const programs = ["a", "b"].map((who) =>
      startNode([join(CHILD, "save-chats.mjs"), url, "chat", who, String(count)]),
    );
    const ended = await Promise.all(programs.map((program) => program.ended));
    for (const { code, output } of ended)
      expect([code, output]).toEqual([0, expect.stringContaining("finished")]);
    const messages = await chatStore(await open(url)).loadChat("chat");
    const [who] = messages[0]?.id ?? "";
    expect(messages.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, i) => `${who}${i}`));
  });

  test("a killed saver leaves the chat as it was before or after a save", async () => {
    const url = place();
    for (let kill = 0; kill < KILLS; kill++) {
      const program = startNode([join(CHILD, "save-chats.mjs"), url, "chat", "a", "100000"]);
      await program.says(new RegExp(`saved ${(kill + 1) * 15}\\n`));
      program.kill("SIGKILL");
      const { output } = await program.ended;
      const last = Number([...output.matchAll(/saved (\d+)\n/g)].at(-1)?.[1]);
      const messages = await chatStore(await open(url)).loadChat("chat");
      // One more may be stored than was said.
      expect([last, last + 1]).toContain(messages.length);
      expect(messages.map(({ id }) => id)).toEqual(messages.map((_, i) => `a${i}`));
    }
  });
});

const NODE_24 = join(import.meta.dirname, "../../../tooling/other-nodes/node_modules/node-24/bin/node");

describe("a turn of a chat", () => {
  const stored = [
    { id: "u1", role: "user", parts: [{ type: "text", text: "What does the zebra eat?" }] },
    {
      id: "a1",
      role: "assistant",
      parts: [
        { type: "step-start" },
        { type: "reasoning", text: "Zebras are horses.", state: "done" },
        { type: "text", text: "Grass.", state: "done" },
      ],
    },
  ];

  async function turn(node: string, version: string): Promise<unknown> {
    const program = startProgram(node, [join(CHILD, "ai-turn.mjs"), version, tempFolder()]);
    const { code, output } = await program.ended;
    expect(code, output).toBe(0);
    return JSON.parse(output.trim().split("\n").at(-1) ?? "");
  }

  test("with the AI SDK 6, on this Node", async () => {
    expect(await turn(process.execPath, "ai")).toMatchObject({ stored, isResumable: true, isSent: true });
  });

  // Its npm package is for one platform only.
  test.skipIf(!existsSync(NODE_24))("with the AI SDK 7, on Node 24", async () => {
    expect(await turn(NODE_24, "ai-7")).toMatchObject({ stored, isResumable: true, isSent: true });
  });
});

async function open(url: string): Promise<SessionStore> {
  const store = await openStore(url);
  onTestFinished(() => store.close());
  return store;
}

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { CHAT, ID, serve, user } from "./harness.ts";

/** An interrupted watch would be begun again after 10 seconds: by then the program has to have ended. */
const TIMEOUT_MS = 9_000;

describe("a program that has closed its store ends by itself, with nothing under way of", () => {
  it.each([
    "watch",
    "watch that waits",
    "watch of one session",
    "subscription",
    "subscription of the client",
    "requests",
    "retries",
  ])("%s", async (what) => {
    const { url, client } = await serve();
    await client.sessions.create.mutate({ id: ID, name: "a", sessionType: CHAT, entries: [user("x")] });
    const script = join(import.meta.dirname, "exit-child.mjs");
    // Rejects where the program is killed for the time, or ends with an error.
    const ended = await promisify(execFile)(process.execPath, [script, what, url, ID], {
      timeout: TIMEOUT_MS,
    });
    expect(ended).toEqual({ stdout: "closed\n", stderr: "" });
    expect((await client.server.info.query()).subscriptionCount).toBe(0);
  });
});

import { createClient, sessionErrorOf } from "@thulp-sessions/client";
import { SETTING_OPTIONS } from "@thulp-sessions/config";
import { describe, expect, it } from "vitest";
import { ok, start, tempFolder, until } from "./harness.ts";

const CHAT = { type: "conversation", purpose: "test" } as const;
const user = (text: string) => ({ entryType: { type: "user_message" } as const, content: { text } });

/** A server over an empty store of files, with these options more; without a URL when it does not start. */
async function serving(...options: readonly string[]) {
  const at = { cwd: tempFolder(), env: { THULP_SESSIONS_STORE: "fs:s" } };
  const { child, told, ended } = start(at, "serve", "--port", "0", ...options);
  await until(() => told.stdout.includes("Ctrl-C") || child.exitCode !== null, "it serves");
  const [, url] = /address +(\S+)/.exec(told.stdout) ?? [];
  if (url === undefined) return { told, ended, url: "", client: null as never };
  return { told, ended, url, client: createClient({ url }) };
}

/** The error with which an append to a new session, with one entry in it, is refused. */
async function refusedAppend(...options: readonly string[]) {
  const { client } = await serving(...options);
  const { metadata } = await client.sessions.create.mutate({
    name: "a",
    sessionType: CHAT,
    entries: [user("one")],
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  return client.entries.append.mutate({ id: metadata.id, entries: [user("two")] }).then(
    () => null,
    (error) => sessionErrorOf(error)?.code,
  );
}

describe("serve", () => {
  it("lists every option that a setting has", () => {
    const help = ok({ cwd: tempFolder() }, "serve", "--help");
    for (const { flag } of SETTING_OPTIONS) expect(help).toMatch(new RegExp(`^ +${flag} `, "m"));
  });

  it("stops at the limits of --max-turns, --max-entries and --max-duration-ms", async () => {
    expect(await refusedAppend("--max-turns", "0")).toBe("limit_exceeded");
    expect(await refusedAppend("--max-entries", "1")).toBe("limit_exceeded");
    expect(await refusedAppend("--max-duration-ms", "1")).toBe("limit_exceeded");
    expect(await refusedAppend("--max-turns", "2", "--max-entries", "2")).toBeNull();
  });

  it("does at a limit what --limit-action says", async () => {
    const limit = ["--max-entries", "1", "--limit-action"];
    expect(await refusedAppend(...limit, "error")).toBe("limit_exceeded");
    expect(await refusedAppend(...limit, "ignore")).toBeNull();
  });

  it("lets no more writes wait than --max-waiting-writes says", async () => {
    const { url } = await serving("--max-waiting-writes", "1");
    const create = () =>
      fetch(`${url}/trpc/sessions.create`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: "a", sessionType: CHAT }),
      });
    const answers = await Promise.all(Array.from({ length: 50 }, create));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 503]);
  });

  it("logs what --log-level says", async () => {
    const quiet = await serving("--log-level", "silent");
    await quiet.client.server.info.query();
    const talkative = await serving("--log-level", "debug");
    await talkative.client.server.info.query();
    await until(() => talkative.told.stderr.includes("server.info"), "the request is logged");
    expect(quiet.told.stderr).toBe("");
  });

  it("refuses a bad value as the server's own command does", async () => {
    const { ended, told } = await serving("--log-level", "loud");
    expect(await ended).toBe(2);
    expect(told.stderr).toMatch(/^thulp-sessions: --log-level: "loud" is no level: expected silent, /);
  });
});

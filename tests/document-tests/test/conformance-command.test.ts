import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createClient } from "@thulp-sessions/client";
import { conformanceCases } from "@thulp-sessions/store-conformance";
import { startNode, startServerProgram, tempFolder } from "@thulp-sessions/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { ROOT } from "./document.ts";

// What `npx @thulp-sessions/store-conformance` runs.
const PACKAGE = join(ROOT, "packages/store-conformance");
const { publishConfig } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
const COMMAND = join(PACKAGE, publishConfig.bin["store-conformance"]);

const TOKEN = "a-token-of-the-test";

/** Every eighth case; in `npm run soak` none is named, which is all. apps/api runs them all over HTTP. */
const CASES =
  process.env["SOAK"] === "1" ? [] : conformanceCases.filter((_, i) => i % 8 === 0).map(({ id }) => id);

function conformance(...args: readonly string[]) {
  return startNode([COMMAND, ...args]).ended;
}

async function startServer(store: string, token?: string): Promise<string> {
  const args = ["--store", store, "--durability", "relaxed", "--log-level", "error"];
  return (await startServerProgram([...args, ...(token ? ["--token", token] : [])])).url;
}

describe("the command store-conformance", () => {
  test("finds that a server keeps the contract", { timeout: 300_000 }, async () => {
    const tokenFile = join(tempFolder(), "token");
    writeFileSync(tokenFile, `${TOKEN}\n`);
    const url = await startServer("sqlite:s.db", TOKEN);
    const { code, output } = await conformance(url, ...CASES, "--token-file", tokenFile);
    expect(output).not.toMatch(/^FAILED/m);
    const lines = output.trim().split("\n");
    expect(lines.at(-1)).toBe(`${lines.length - 1} passed, 0 failed`);
    expect(lines).toHaveLength(1 + (CASES.length || conformanceCases.length));
    expect(code).toBe(0);
  });

  test("takes a server whose sessions do not last for one, too", async () => {
    const url = await startServer("memory:");
    const { code, output } = await conformance(url, "handle-reopen", "handle-reopen-go-on", "handle-two");
    expect(output).toMatch(/^3 passed, 0 failed$/m);
    expect(code).toBe(0);
  });

  test("finds a server that lies, and says where", async () => {
    const liar = await startLiar(await startServer("memory:"));
    const { code, output } = await conformance(liar, "delete-answer", "create-taken-id");
    expect(output).toMatch(/^FAILED delete-answer: .* \(DELETE-1.*\): .+$/m);
    expect(output).toMatch(/^ok {5}create-taken-id: /m);
    expect(output).toMatch(/^1 passed, 1 failed$/m);
    expect(code).toBe(1);
  });

  test("deletes nobody's sessions: it does not begin where there are some", async () => {
    const url = await startServer("memory:");
    const client = createClient({ url });
    const { metadata } = await client.sessions.create.mutate({
      name: "somebody's",
      sessionType: { type: "conversation", purpose: "work" },
    });
    const { code, output } = await conformance(url);
    expect(output).toMatch(/^store-conformance: the server has 1 sessions, which the suite would delete/);
    expect(code).toBe(2);
    expect(await client.sessions.exists.query({ id: metadata.id })).toBe(true);
  });

  test("says what is wrong with how it was called", async () => {
    const url = await startServer("memory:", TOKEN);
    for (const [args, message] of [
      [[], /the URL of a server is missing/],
      [[url, "no-such-case"], /there is no case no-such-case/],
      [[url], /bearer token/],
      [[url, "--tokenfile", "x"], /--tokenfile/],
    ] as const) {
      const { code, output } = await conformance(...args);
      expect(output).toMatch(message);
      expect(code).toBe(2);
    }
    expect(await conformance("--help")).toMatchObject({ code: 0, output: /Usage: store-conformance URL/ });
  });
});

/** Passes everything on to the server, but says of every deletion that there was nothing to delete. */
async function startLiar(server: string): Promise<string> {
  const liar = createServer(async (request, response) => {
    const { method = "GET", url = "/", headers } = request;
    const answer = await fetch(server + url, {
      method,
      headers: { "content-type": headers["content-type"] ?? "application/json" },
      body: method === "POST" ? await textOf(request) : null,
    });
    const text = (await answer.text()).replace('"deleted":true', '"deleted":false');
    response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
  });
  await new Promise<void>((resolve) => {
    liar.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    liar.closeAllConnections();
    liar.close();
  });
  return `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  return text;
}

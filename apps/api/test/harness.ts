import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@thulp-sessions/client";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { expect, onTestFinished } from "vitest";
import { type ServerOptions, startServer } from "../src/index.ts";

export const CHAT = { type: "conversation", purpose: "test" } as const;
export const ID = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";
export const OTHER_ID = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e30";

export function user(text: string) {
  return { entryType: { type: "user_message" } as const, content: { text } };
}

/** An empty folder that is gone after the test. */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "thulp-api-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A server on a free port, over a store in memory unless another is given; it stops after the test. */
export async function serve(options: Partial<ServerOptions> = {}) {
  const store = options.store ?? new MemoryStore();
  const server = await startServer({ port: 0, ...options, store });
  onTestFinished(async () => {
    await server.stop(1000);
  });
  const client = createClient({ url: server.url, token: options.token });
  return { server, store, client, url: server.url };
}

export interface HalfRequest {
  /** Sends the rest of the body. */
  readonly finish: () => void;
  /** All that the server has answered, once it has closed the connection. */
  readonly answered: Promise<string>;
}

/**
 * A POST of which the server has the head, but not the whole body: it has said `100 Continue`. Without
 * that, the connection may still be one that nothing was read of, and a server that stops closes it.
 */
export async function halfRequest(url: string, path: string, body: string): Promise<HalfRequest> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  // A server that does not wait cuts it off.
  socket.on("error", () => {});
  let answer = "";
  const answered = new Promise<string>((resolve) => socket.once("close", () => resolve(answer)));
  const continued = new Promise<void>((resolve, reject) => {
    socket.once("data", () => resolve());
    socket.once("close", () => reject(new Error(`closed before it was half sent: ${path}`)));
  });
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nexpect: 100-continue\r\n\r\n`,
  );
  await continued;
  expect(answer).toContain("100 Continue");
  socket.write(body.slice(0, 1));
  return { finish: () => void socket.write(body.slice(1)), answered };
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  readonly json: unknown;
}

export interface RawRequest {
  /** In the place of the URL's, as it stands: nothing resolves its dots. */
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A request as it stands, with headers that `fetch` would not send. */
export function send(
  url: string,
  { path, method = "GET", headers = {}, body }: RawRequest = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...(path && { path }), method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, text, json: parse(text) });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an answer looks like that refuses a call. */
export function refusal(httpStatus: number, code: string, message: RegExp = /./) {
  return {
    status: httpStatus,
    headers: { "content-type": "application/json" },
    json: {
      error: {
        message: matching(message),
        data: { httpStatus, sessionError: { code, message: matching(message) } },
      },
    },
  };
}

function matching(pattern: RegExp): string {
  return expect.stringMatching(pattern) as string;
}

/** Asks again until the condition holds; for what has no event. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

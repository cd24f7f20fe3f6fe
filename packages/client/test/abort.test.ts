import { getEventListeners } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { parseSessionId, SessionManager } from "@thulp-sessions/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRemoteStore, type RemoteStore } from "../src/index.ts";

const ID = parseSessionId("0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f");
const AT = { at: 1 };
const SESSION = {
  metadata: {
    id: ID,
    name: "n",
    sessionType: { type: "conversation" as const, purpose: "p" },
    createdAt: 1,
    updatedAt: 1,
    status: "active" as const,
    tags: [],
    parentSession: null,
  },
  entries: [],
  context: {},
};

/** Every call of the contract. */
const CALLS: Record<string, (store: RemoteStore) => Promise<unknown>> = {
  create: (store) => store.create(SESSION),
  get: (store) => store.get(ID),
  head: (store) => store.head(ID),
  update: (store) => store.update(ID, { name: "m" }, AT),
  append: (store) => store.append(ID, [], AT),
  readEntries: (store) => store.readEntries(ID),
  truncate: (store) => store.truncate(ID, 0, AT),
  replace: (store) => store.replace(SESSION),
  delete: (store) => store.delete(ID),
  list: (store) => store.list(),
  count: (store) => store.count(),
  search: (store) => store.search({ text: "q" }),
  watch: (store) => store.watch(),
};

/** Says what it can, and never answers a call. */
class SilentServer {
  readonly #server: Server;
  /** Of the calls that have come. */
  readonly requests: IncomingMessage[] = [];
  #came: (() => void) | undefined;

  constructor({ isMute = false } = {}) {
    this.#server = createServer((request, response) => {
      if (!isMute && request.url?.includes("server.info")) {
        const data = { version: "0", capabilities: { persistent: true, shared: true, exactNumbers: false } };
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify([{ result: { data } }]));
        return;
      }
      this.requests.push(request);
      this.#came?.();
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async called(): Promise<IncomingMessage> {
    if (this.requests.length === 0)
      await new Promise<void>((resolve) => {
        this.#came = resolve;
      });
    return this.requests[0] as IncomingMessage;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let server: SilentServer;
let store: RemoteStore;
beforeEach(async () => {
  server = new SilentServer();
  store = await openRemoteStore({ url: await server.start() });
});
afterEach(async () => {
  await server.stop();
  await store.close();
});

describe("on a server that never answers", () => {
  it.each(Object.entries(CALLS))("%s ends with the reason of its signal", async (name, call) => {
    const controller = new AbortController();
    const pending = call(store.withSignal(controller.signal));
    const request = await server.called();
    const cutOff = new Promise((resolve) => request.socket.once("close", resolve));
    const reason = new Error("the person has pressed Escape");
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    // The server hears of it, and may stop working. The beginning of a watch may be another watcher's too.
    if (name !== "watch") await cutOff;
    expect(server.requests).toHaveLength(1);
  });

  it.each(Object.entries(CALLS))(
    "%s sends nothing when its signal was aborted before",
    async (_name, call) => {
      const reason = new Error("too late");
      await expect(call(store.withSignal(AbortSignal.abort(reason)))).rejects.toBe(reason);
      expect(server.requests).toEqual([]);
    },
  );

  it("a time that is up is a reason like any other", async () => {
    await expect(store.withSignal(AbortSignal.timeout(5)).head(ID)).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });

  it("a call of a manager is given up through the store that it has", async () => {
    const controller = new AbortController();
    const pending = new SessionManager(store.withSignal(controller.signal)).loadSession(ID);
    await server.called();
    controller.abort();
    await expect(pending).rejects.toBe(controller.signal.reason);
  });

  it("the first of two signals decides, and other calls go on", async () => {
    const [outer, inner] = [new AbortController(), new AbortController()];
    const pending = store.withSignal(outer.signal).withSignal(inner.signal).head(ID);
    const other = store.withSignal(inner.signal).delete(ID);
    let ended = false;
    other.then(
      () => {
        ended = true;
      },
      () => {
        ended = true;
      },
    );
    outer.abort(new Error("outer"));
    await expect(pending).rejects.toThrow("outer");
    expect(ended).toBe(false);
    inner.abort(new Error("inner"));
    await expect(other).rejects.toThrow("inner");
  });

  it("many calls at once are one listener of their signal, and none when they have ended", async () => {
    const controller = new AbortController();
    const view = store.withSignal(controller.signal);
    const pending = Array.from({ length: 20 }, () => view.head(ID));
    const listeners = () => getEventListeners(controller.signal, "abort").length;
    expect(listeners()).toBe(1);
    controller.abort();
    await Promise.allSettled(pending);
    expect(listeners()).toBe(0);

    await server.stop();
    const later = new AbortController();
    // Nobody is there any more: it fails by itself.
    await expect(store.withSignal(later.signal).update(ID, { name: "m" }, AT)).rejects.toMatchObject({
      code: "io",
    });
    expect(getEventListeners(later.signal, "abort")).toEqual([]);
    server = new SilentServer();
    await server.start();
  });

  it("closing waits for a call, until that is given up", async () => {
    const controller = new AbortController();
    const pending = store.withSignal(controller.signal).head(ID);
    const closing = store.close();
    await server.called();
    controller.abort();
    await expect(pending).rejects.toBe(controller.signal.reason);
    await closing;
    await expect(store.withSignal(new AbortController().signal).head(ID)).rejects.toMatchObject({
      code: "closed",
    });
  });
});

describe("opening", () => {
  it("is given up too, and the signal is that of every call of the store", async () => {
    const controller = new AbortController();
    const mute = new SilentServer({ isMute: true });
    const opening = openRemoteStore({ url: await mute.start(), signal: controller.signal });
    await mute.called();
    controller.abort();
    await expect(opening).rejects.toBe(controller.signal.reason);
    await mute.stop();

    const later = new AbortController();
    const url = store.location;
    const own = await openRemoteStore({ url, signal: later.signal });
    const pending = own.head(ID);
    await server.called();
    later.abort();
    await expect(pending).rejects.toBe(later.signal.reason);
    await own.close();
  });
});

it("takes signals only", async () => {
  for (const wrong of [undefined, null, {}, new AbortController()]) {
    expect(() => store.withSignal(wrong as never)).toThrow(TypeError);
  }
  await expect(openRemoteStore({ url: store.location, signal: {} as never })).rejects.toThrow(TypeError);
});

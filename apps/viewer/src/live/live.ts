import { signal } from "@preact/signals";
import type { SessionClient } from "@thulp-sessions/client";
import type { SessionListEvent } from "@thulp-sessions/router";
import { store, stored } from "../browser-storage.ts";
import { BASE } from "../url/base.ts";
import { openLeaderPort } from "./leader-port.ts";
import type { FromHub, HubPort, LinkState } from "./messages.ts";
import { exchangeCode, readServerSettings, type ServerSettings } from "./server-settings.ts";
import { openClient } from "./viewer-client.ts";
import { openWorkerPort } from "./worker-port.ts";

// How this tab reaches the server: its own calls, and the changes that all tabs hear of by one stream.

/** How the server is reached. */
export const link = signal<LinkState>({ state: "connecting" });
/** What the server says of itself; `null` until it has. */
export const serverSettings = signal<ServerSettings | null>(null);
/** Whether calls can be made: not before it is known with which token, and not without one that is needed. */
export const access = signal<"opening" | "open" | "locked">("opening");
/** Why there is no access, for the page that asks for a token. */
export const lockedBy = signal<"none" | "code" | "refused">("none");
/** The server is another version than the one that this page is from. */
export const outdated = signal(false);

const TOKEN_KEY = "thulp-token";
/** Set where the server needed no token the last time. An origin may have more than one viewer. */
const OPEN_KEY = `thulp-open ${BASE}`;
/** How long another tab may take to give its token. */
const TOKEN_WAIT_MS = 1000;

let token: string | null = null;
let client: SessionClient | undefined;
let port: HubPort | undefined;
let tokenCame: (() => void) | undefined;
const listeners = new Set<(change: SessionListEvent) => void>();

/** The client for the calls of this tab; another one after each change of the token. */
export function calls(): SessionClient {
  if (client) return client;
  const opened = openClient(location.origin + BASE, token, () => {
    // A late answer says nothing of the token that was given since, and one before the settings nothing new.
    if (opened === client && serverSettings.value) lock("refused");
  });
  client = opened;
  return opened;
}

/** Hears of every change of a session. @returns what ends it. */
export function onChange(listener: (change: SessionListEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Tries now instead of when the countdown is over. */
export function tryNow(): void {
  port?.send({ type: "retry" });
}

/** Opens the page with a token that a person has given. */
export function giveToken(given: string): void {
  // What is copied from a terminal often brings spaces, which no token has.
  useToken(given.trim());
  port?.send({ type: "join", token });
  lockedBy.value = "none";
  access.value = "open";
}

/**
 * To be called once. Resolves when it is known whether there is access: immediately where the server needed
 * no token the last time, so that nothing waits for its settings. If it needs one now, they say so.
 */
export async function start(): Promise<void> {
  const code = takeCode();
  port = openWorkerPort(receive) ?? openLeaderPort(receive);
  addEventListener("pagehide", () => port?.send({ type: "leave" }));
  // A page that comes back from the cache of the browser has to be told again.
  addEventListener("pageshow", (event) => {
    if (event.persisted) port?.send({ type: "join", token });
  });
  const wasOpen = code === null && stored(OPEN_KEY) !== null;
  if (wasOpen) openWithoutToken();
  const settled = settle(code, wasOpen);
  if (!wasOpen) await settled;
}

function openWithoutToken(): void {
  port?.send({ type: "join", token: null });
  access.value = "open";
}

async function settle(code: string | null, isOpen: boolean): Promise<void> {
  const settings = await settingsAtLast();
  serverSettings.value = settings;
  store(OPEN_KEY, settings.tokenNeeded ? null : "");
  if (!settings.tokenNeeded) {
    if (!isOpen) openWithoutToken();
    return;
  }
  // What was asked for without a token was refused.
  access.value = "opening";
  await findToken(code);
  if (token === null) lock(code === null ? "none" : "code");
  else access.value = "open";
}

/** The code of the link, which is taken out of the address: it is in no history, bookmark or screenshot. */
function takeCode(): string | null {
  const [, code] = /^#c=([\w-]{1,200})$/.exec(location.hash) ?? [];
  if (code === undefined) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  return code;
}

async function findToken(code: string | null): Promise<void> {
  const given = code === null ? null : await exchangeCode(code).catch(() => null);
  useToken(given ?? sessionStorage.getItem(TOKEN_KEY));
  port?.send({ type: "join", token });
  if (token !== null) return;
  await new Promise<void>((resolve) => {
    tokenCame = resolve;
    setTimeout(resolve, TOKEN_WAIT_MS);
  });
}

function useToken(next: string | null): void {
  if (next === token) return;
  token = next;
  client = undefined;
  if (next === null) sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, next);
}

function receive(message: FromHub): void {
  if (message.type === "link") {
    link.value = message.link;
    // Another token may have been given since.
    const isRefused = message.link.state === "refused" && message.link.token === token;
    if (isRefused && access.value === "open" && serverSettings.value) lock("refused");
  } else if (message.type === "token") {
    useToken(message.token);
    tokenCame?.();
    if (access.value === "locked") access.value = "open";
  } else {
    if (message.change.type === "reset") void checkVersion();
    for (const listener of listeners) listener(message.change);
  }
}

function lock(why: "none" | "code" | "refused"): void {
  if (why === "refused") useToken(null);
  lockedBy.value = why;
  access.value = "locked";
}

/** The page has come from the server, so that it is there; while it starts again, that is waited for. */
async function settingsAtLast(): Promise<ServerSettings> {
  for (let wait = 500; ; wait = Math.min(wait * 2, 8000)) {
    try {
      return await readServerSettings();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      link.value = { state: "away", reason, retryAt: Date.now() + wait };
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

async function checkVersion(): Promise<void> {
  const before = serverSettings.value;
  if (!before) return;
  const now = await readServerSettings().catch(() => null);
  if (now && before.version !== now.version) outdated.value = true;
}

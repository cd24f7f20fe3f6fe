import { type SessionClient, sessionErrorOf } from "@thulp-sessions/client";
import type { FromHub, LinkState, ToHub } from "./messages.ts";

/** How long to wait after so many failures in a row. */
const RETRY_MS = [1000, 2000, 4000, 8000, 15_000];

/** Makes a client with a token, and says when the server refuses it. */
export type OpenClient = (token: string | null, onRefused: () => void) => SessionClient;

interface Subscription {
  unsubscribe(): void;
}

/**
 * Holds the one stream of changes that all tabs share: browsers open six connections to a server at most, and
 * a stream of each tab would leave none for calls.
 */
export class Hub {
  readonly #open: OpenClient;
  readonly #broadcast: (message: FromHub) => void;
  #link: LinkState = { state: "connecting" };
  #token: string | null = null;
  #started = false;
  #subscription: Subscription | undefined;
  /** Of the connection that counts: what an older one still says is left unheard. */
  #connection = 0;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** @param broadcast tells all tabs. */
  constructor(open: OpenClient, broadcast: (message: FromHub) => void) {
    this.#open = open;
    this.#broadcast = broadcast;
  }

  /** @param answer tells the tab that the message is from. */
  receive(message: ToHub, answer: (message: FromHub) => void): void {
    if (message.type === "retry") {
      if (this.#link.state === "away") this.#connect();
    } else if (message.type === "join") {
      this.#join(message.token, answer);
    }
  }

  /** Ends the stream, when no tab is left. */
  stop(): void {
    this.#disconnect();
    this.#started = false;
    this.#link = { state: "connecting" };
  }

  #join(token: string | null, answer: (message: FromHub) => void): void {
    if (token === null && this.#token !== null) answer({ type: "token", token: this.#token });
    if (token !== null && token !== this.#token) {
      this.#token = token;
      this.#broadcast({ type: "token", token });
      this.#connect();
    } else if (!this.#started) {
      this.#connect();
    }
    answer({ type: "link", link: this.#link });
  }

  #connect(): void {
    this.#disconnect();
    this.#started = true;
    const connection = this.#connection;
    const isCurrent = () => connection === this.#connection;
    this.#setLink({ state: "connecting" });
    const client = this.#open(this.#token, () => {
      if (isCurrent()) this.#refused();
    });
    this.#subscription = client.sessions.watch.subscribe(
      {},
      {
        onData: (change) => {
          if (!isCurrent()) return;
          if (change.type === "reset") {
            this.#failures = 0;
            this.#setLink({ state: "live" });
          }
          this.#broadcast({ type: "change", change });
        },
        onConnectionStateChange: (change) => {
          if (isCurrent() && change.state === "connecting" && change.error) this.#lost(change.error);
        },
        onError: (error) => {
          if (isCurrent()) this.#lost(error);
        },
        onComplete: () => {
          if (isCurrent()) this.#lost(undefined);
        },
      },
    );
  }

  #disconnect(): void {
    clearTimeout(this.#retry);
    this.#connection++;
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  #lost(error: unknown): void {
    if (this.#link.state === "refused") return;
    this.#disconnect();
    const ms = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)] ?? 1000;
    const reason = sessionErrorOf(error)?.message ?? "The server has ended the connection.";
    this.#setLink({ state: "away", reason, retryAt: Date.now() + ms });
    this.#retry = setTimeout(() => this.#connect(), ms);
  }

  #refused(): void {
    this.#disconnect();
    this.#setLink({ state: "refused", token: this.#token });
  }

  #setLink(link: LinkState): void {
    this.#link = link;
    this.#broadcast({ type: "link", link });
  }
}

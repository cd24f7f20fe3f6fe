export type { Fetch } from "./checked-fetch.ts";
export { type ClientOptions, createClient, type SessionClient } from "./client.ts";
export { openRemoteStore, type RemoteStore, type RemoteStoreOptions } from "./remote-store.ts";
export { sessionErrorOf } from "./session-error.ts";

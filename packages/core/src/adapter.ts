// The public face for authors of adapters, which keep another program's sessions in any store.
export { type Appended, appendOrCreate, type NewSession } from "./adapter/append-or-create.ts";
export { decodeContent, encodeContent, fromBase64, toBase64 } from "./adapter/content.ts";
export {
  ContentJoiner,
  contentEntries,
  type EntryEnvelope,
  type JoinedEntry,
} from "./adapter/content-parts.ts";
export { ifFound } from "./adapter/if-found.ts";
export { idFromNames, keyNames, keyTag, wellFormed } from "./adapter/names.ts";
export { entryPages, sessionPages } from "./adapter/read-pages.ts";
export { jsonEqual } from "./model/json.ts";

import type {
  EntryDraft,
  SessionHead,
  SessionMetadata,
  SessionStore,
  StoredEntry,
} from "@thulp-sessions/core";
import type { Redaction, Redactor } from "@thulp-sessions/core/redaction";
import type { Context } from "../command/context.ts";
import { oneLine, plural } from "../render/text.ts";
import { redactionKey } from "./redaction-key.ts";

const SHOWN_PLACES = 20;
/** Each place counts once, however often it is read; of more than these nothing is remembered. */
const MOST_PLACES = 100_000;

/** A store as it reads without secrets, and what was found in it. */
export interface RedactedSource {
  readonly store: SessionStore;
  /** Says on standard error what was replaced, and where. */
  tell(): void;
}

/** What `--redact` makes of a store that is read: entries, names, tags and contexts without secrets. */
export async function redactedSource(context: Context, store: SessionStore): Promise<RedactedSource> {
  const { keyedRedactor, REDACTED_TAG, REDACTION_KEY } = await import("@thulp-sessions/transcripts");
  const places = new Places();
  const redactor: Redactor = keyedRedactor({ key: await redactionKey() }, (each) => places.add(each));
  const metadataOf = (metadata: SessionMetadata): SessionMetadata => {
    places.at(`session ${metadata.id}`);
    const redacted = redactor.metadata(metadata);
    const tags = redacted.tags.includes(REDACTED_TAG) ? redacted.tags : [...redacted.tags, REDACTED_TAG];
    return { ...redacted, tags };
  };
  const entryOf = (id: string) => (entry: StoredEntry) => {
    places.at(`session ${id}, entry ${entry.seq}`);
    return redactor.entry(entry);
  };
  const headOf = <T extends Pick<SessionHead, "metadata" | "context">>(head: T): T => {
    const metadata = metadataOf(head.metadata);
    const redacted = redactor.json(head.context, ["context"]);
    // How much was found is known only when everything was read.
    return { ...head, metadata, context: { [REDACTION_KEY]: {}, ...redacted } };
  };
  const changed: Partial<SessionStore> = {
    // What copies bytes from one store to another of its kind must not be asked.
    kind: "redacted",
    head: async (id) => headOf(await store.head(id)),
    get: async (id) => {
      const session = await store.get(id);
      return { ...headOf(session), entries: session.entries.map(entryOf(session.metadata.id)) };
    },
    readEntries: async (id, query) => {
      const page = await store.readEntries(id, query);
      return { ...page, items: page.items.map(entryOf(id)) };
    },
  };
  const view = new Proxy(store, {
    get(target, name) {
      if (Object.hasOwn(changed, name)) return changed[name as keyof SessionStore];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { store: view, tell: () => places.tell(context) };
}

/** What `--redact` makes of entries that are added. */
export async function redactedEntries(context: Context) {
  const { keyedRedactor } = await import("@thulp-sessions/transcripts");
  const places = new Places();
  const redactor: Redactor = keyedRedactor({ key: await redactionKey() }, (each) => places.add(each));
  let number = 0;
  const redact = (entry: EntryDraft): EntryDraft => {
    places.at(`entry ${++number} of these`);
    return redactor.entry(entry);
  };
  return { redact, tell: () => places.tell(context) };
}

/** Where something was replaced. */
class Places {
  readonly #texts = new Set<string>();
  #at = "";
  #hasMore = false;

  at(place: string): void {
    this.#at = place;
  }

  add({ name, path }: Redaction): void {
    if (this.#texts.size < MOST_PLACES) this.#texts.add(`${this.#at}, ${oneLine(path)}: ${name}`);
    else this.#hasMore = true;
  }

  tell({ io }: Context): void {
    for (const text of [...this.#texts].slice(0, SHOWN_PLACES)) io.note(`redacted: ${text}`);
    const { size } = this.#texts;
    const count = `${this.#hasMore ? "more than " : ""}${plural(size, "place")}`;
    const shown = size > SHOWN_PLACES ? `, of which the first ${SHOWN_PLACES} are named` : "";
    io.note(`secrets redacted in ${count}${shown}; what does not look like one is not seen`);
  }
}

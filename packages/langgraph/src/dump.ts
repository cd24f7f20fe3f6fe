import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";

/** A value as the serde has written it. */
export type Dumped =
  | { readonly kind: "none" }
  /** A list whose items were all dumped as JSON, one by one. */
  | { readonly kind: "list"; readonly texts: readonly string[] }
  | { readonly kind: "json"; readonly text: string }
  | { readonly kind: "bytes"; readonly type: string; readonly data: Uint8Array };

const decoder = new TextDecoder();

/** Runs a serde over values. All of a value is read before the first promise is waited for. */
export class Dumper {
  readonly #serde: SerializerProtocol;
  readonly #known: KnownTexts | undefined;

  /** @param trustItems items of lists in the state are dumped once for each object. */
  constructor(serde: SerializerProtocol, trustItems: boolean) {
    this.#serde = serde;
    this.#known = trustItems ? new KnownTexts() : undefined;
  }

  /** @param inState the value is of the state: what a write holds may still be changed by the reducer. */
  async dump(value: unknown, inState: boolean): Promise<Dumped> {
    if (!Array.isArray(value) || value.length === 0) return this.whole(value);
    const texts = await this.#itemTexts(value, inState ? this.#known : undefined);
    return texts === undefined ? this.whole(value) : { kind: "list", texts };
  }

  async whole(value: unknown): Promise<Dumped> {
    const [type, data] = await this.#serde.dumpsTyped(value);
    if (type !== "json") return { kind: "bytes", type, data };
    const text = decoder.decode(data);
    // A function has no text at all: as in an object, it is not there.
    return text === "" ? { kind: "none" } : { kind: "json", text };
  }

  /** @returns undefined when an item is not dumped as JSON. */
  async #itemTexts(given: readonly unknown[], known: KnownTexts | undefined): Promise<string[] | undefined> {
    const items = given.slice();
    const ids = known === undefined ? [] : items.map(idOf);
    const texts = known?.beginning(items, ids) ?? [];
    const dumps: { readonly i: number; readonly dump: Promise<[string, Uint8Array]> }[] = [];
    for (let i = texts.length; i < items.length; i++) {
      const text = known?.textOf(items[i], ids[i]);
      texts.push(text ?? "");
      if (text === undefined) dumps.push({ i, dump: this.#serde.dumpsTyped(items[i]) });
    }
    const dumped = await Promise.all(dumps.map(({ dump }) => dump));
    for (const [place, [type, data]] of dumped.entries()) {
      const { i } = dumps[place] as { i: number };
      const text = type === "json" ? decoder.decode(data) : "";
      if (text === "") return undefined;
      texts[i] = text;
    }
    known?.learn({ items, ids, texts });
    return texts;
  }
}

interface KnownList {
  readonly items: readonly unknown[];
  /** The ids that the items had: a reducer may give them one later. */
  readonly ids: readonly unknown[];
  readonly texts: readonly string[];
}

/** The texts of objects that do not change. */
class KnownTexts {
  readonly #texts = new WeakMap<object, { readonly id: unknown; readonly text: string }>();
  /** By its first item: to compare a list with the one before is far cheaper than to look up each item. */
  readonly #lists = new WeakMap<object, KnownList>();

  /** The texts of the first items, as far as a known list begins with the same ones. */
  beginning(items: readonly unknown[], ids: readonly unknown[]): string[] {
    const list = isObject(items[0]) ? this.#lists.get(items[0]) : undefined;
    if (list === undefined) return [];
    const most = Math.min(items.length, list.items.length);
    let length = 0;
    while (length < most && items[length] === list.items[length] && ids[length] === list.ids[length])
      length++;
    return list.texts.slice(0, length);
  }

  textOf(item: unknown, id: unknown): string | undefined {
    const found = isObject(item) ? this.#texts.get(item) : undefined;
    return found?.id === id ? found?.text : undefined;
  }

  learn(list: KnownList): void {
    const { items, ids, texts } = list;
    const [first] = items;
    const before = isObject(first) ? this.#lists.get(first) : undefined;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (before?.texts[i] === texts[i] && before?.items[i] === item) continue;
      if (isObject(item)) this.#texts.set(item, { id: ids[i], text: texts[i] as string });
    }
    if (isObject(first)) this.#lists.set(first, list);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function idOf(item: unknown): unknown {
  return isObject(item) ? (item as { readonly id?: unknown }).id : undefined;
}

import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";

/** A value as the serde has written it. */
export type Dumped =
  | { readonly kind: "none" }
  | DumpedList
  | { readonly kind: "json"; readonly text: string }
  | { readonly kind: "bytes"; readonly type: string; readonly data: Uint8Array };

/** A list whose items were all dumped as JSON, one by one. */
export interface DumpedList {
  readonly kind: "list";
  readonly texts: readonly string[];
  /** Texts of a list that was dumped before, of which the first so many are the same: they need no look. */
  readonly same?: { readonly texts: readonly string[]; readonly length: number } | undefined;
}

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
    const list = await this.#list(value, inState ? this.#known : undefined);
    return list ?? this.whole(value);
  }

  async whole(value: unknown): Promise<Dumped> {
    const [type, data] = await this.#serde.dumpsTyped(value);
    if (type !== "json") return { kind: "bytes", type, data };
    const text = decoder.decode(data);
    // A function has no text at all: as in an object, it is not there.
    return text === "" ? { kind: "none" } : { kind: "json", text };
  }

  /** @returns undefined when an item is not dumped as JSON. */
  async #list(given: readonly unknown[], known: KnownTexts | undefined): Promise<DumpedList | undefined> {
    const items = given.slice();
    const same = known?.beginning(items);
    const texts = same?.texts.slice(0, same.length) ?? [];
    const ids = same?.ids.slice(0, same.length) ?? [];
    const dumps: { readonly i: number; readonly dump: Promise<[string, Uint8Array]> }[] = [];
    for (let i = texts.length; i < items.length; i++) {
      const item = items[i];
      const id = known === undefined ? undefined : idOf(item);
      const text = known?.textOf(item, id);
      ids.push(id);
      texts.push(text ?? "");
      if (text === undefined) dumps.push({ i, dump: this.#serde.dumpsTyped(item) });
    }
    const dumped = await Promise.all(dumps.map(({ dump }) => dump));
    for (const [place, [type, data]] of dumped.entries()) {
      const { i } = dumps[place] as { i: number };
      const text = type === "json" ? decoder.decode(data) : "";
      if (text === "") return undefined;
      texts[i] = text;
    }
    known?.learn({ items, ids, texts }, same?.length ?? 0);
    return { kind: "list", texts, same };
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

  /** The known list that begins with the same items, and how many of the first are the same. */
  beginning(items: readonly unknown[]): (KnownList & { readonly length: number }) | undefined {
    const list = isObject(items[0]) ? this.#lists.get(items[0]) : undefined;
    if (list === undefined) return undefined;
    const { items: before, ids, texts } = list;
    const most = Math.min(items.length, before.length);
    let length = 0;
    while (length < most && items[length] === before[length] && idOf(items[length]) === ids[length]) length++;
    return { items: before, ids, texts, length };
  }

  textOf(item: unknown, id: unknown): string | undefined {
    const found = isObject(item) ? this.#texts.get(item) : undefined;
    return found?.id === id ? found?.text : undefined;
  }

  /** @param from the items before it are known already. */
  learn(list: KnownList, from: number): void {
    const { items, ids, texts } = list;
    for (let i = from; i < items.length; i++) {
      const item = items[i];
      if (isObject(item)) this.#texts.set(item, { id: ids[i], text: texts[i] as string });
    }
    if (isObject(items[0])) this.#lists.set(items[0], list);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function idOf(item: unknown): unknown {
  return isObject(item) ? (item as { readonly id?: unknown }).id : undefined;
}

import { join } from "node:path";
import { loadPeer } from "../../harness/peer-packages.ts";
import { type Adapter, type OpenAdapter, textOfEntry } from "./adapter.ts";
import { sqliteSettings } from "./bare-sqlite.ts";
import { type Asks, durableSettings } from "./postgres-settings.ts";

interface Config {
  readonly configurable: {
    readonly thread_id: string;
    readonly checkpoint_ns?: string;
    readonly checkpoint_id?: string;
  };
}
interface Message {
  readonly id: string;
  readonly type: string;
  readonly content: string;
}
interface Checkpoint {
  readonly id: string;
  readonly channel_values: { readonly messages?: Message[] };
  readonly channel_versions: Readonly<Record<string, number>>;
}
interface Saver {
  /** @param versions of the channels that have changed: SQLite's saver takes none. */
  put(config: Config, checkpoint: Checkpoint, metadata: object, versions: object): Promise<Config>;
  getTuple(config: Config): Promise<{ readonly checkpoint: Checkpoint; readonly config: Config } | undefined>;
  list(config: { configurable: object }, options: { limit: number; filter?: object }): AsyncIterable<unknown>;
}
interface SqliteSaver extends Saver {
  readonly db: { pragma(source: string, options?: { simple: true }): unknown; close(): void };
  setup(): void;
}
interface PostgresSaver extends Saver {
  readonly pool: Asks;
  setup(): Promise<void>;
  end(): Promise<void>;
}
interface Checkpoints {
  emptyCheckpoint(): Checkpoint;
  uuid6(clockseq: number): string;
}

/**
 * `SqliteSaver` of LangGraph: a checkpoint for each message, which holds all messages, as a graph with a
 * `messages` channel has it. Only `put` is called, none of the `putWrites` that a graph adds. The list is of
 * checkpoints: it knows no threads.
 */
export async function loadLanggraph(): Promise<OpenAdapter> {
  const [{ SqliteSaver }, checkpoints] = await Promise.all([
    loadPeer<{ SqliteSaver: { fromConnString(path: string): SqliteSaver } }>("langgraphSqlite"),
    loadPeer<Checkpoints>("langgraph"),
  ]);
  return async (folder, durability): Promise<Adapter> => {
    const saver = SqliteSaver.fromConnString(join(folder, "langgraph.db"));
    saver.setup();
    if (durability === "durable") saver.db.pragma("synchronous = FULL");
    return adapterOf(saver, checkpoints, {
      settings: async () => sqliteSettings(saver.db as never),
      close: async () => saver.db.close(),
    });
  };
}

/** The same with `PostgresSaver`, with its own pool, and the settings of the server. */
export async function loadLanggraphPostgres(): Promise<OpenAdapter> {
  const [{ PostgresSaver }, checkpoints] = await Promise.all([
    loadPeer<{ PostgresSaver: { fromConnString(url: string): PostgresSaver } }>("langgraphPostgres"),
    loadPeer<Checkpoints>("langgraph"),
  ]);
  return async (url): Promise<Adapter> => {
    const saver = PostgresSaver.fromConnString(url);
    await saver.setup();
    return adapterOf(saver, checkpoints, {
      settings: () => durableSettings(saver.pool),
      close: () => saver.end(),
    });
  };
}

function adapterOf(
  saver: Saver,
  { emptyCheckpoint, uuid6 }: Checkpoints,
  { settings, close }: Pick<Adapter, "settings" | "close">,
): Adapter {
  const threads = new Map<string, { config: Config; messages: Message[] }>();
  const stateOf = async (id: string) => {
    const known = threads.get(id);
    if (known) return known;
    const tuple = await saver.getTuple({ configurable: { thread_id: id } });
    const state = {
      config: tuple?.config ?? { configurable: { thread_id: id, checkpoint_ns: "" } },
      messages: tuple?.checkpoint.channel_values.messages ?? [],
    };
    threads.set(id, state);
    return state;
  };
  const put = async (id: string, marked: boolean) => {
    const state = await stateOf(id);
    const step = state.messages.length;
    const checkpoint: Checkpoint = {
      ...emptyCheckpoint(),
      id: uuid6(step),
      channel_values: { messages: state.messages },
      channel_versions: { messages: step },
    };
    const metadata = { source: "loop", step, parents: {}, marked };
    state.config = await saver.put(state.config, checkpoint, metadata, { messages: step });
  };
  const messagesOf = async (id: string) =>
    (await saver.getTuple({ configurable: { thread_id: id } }))?.checkpoint.channel_values.messages ?? [];
  const list = async (options: { limit: number; filter?: object }) => {
    const found: unknown[] = [];
    for await (const tuple of saver.list({ configurable: {} }, options)) found.push(tuple);
    return found;
  };
  return {
    async make(sessions) {
      for (const { id, entries, marked } of sessions) {
        const state = await stateOf(id);
        for (const each of entries)
          state.messages.push({ id: each.id, type: "human", content: textOfEntry(each) });
        await put(id, marked);
      }
    },
    async append(id, entry) {
      const { messages } = await stateOf(id);
      messages.push({ id: entry.id, type: "human", content: textOfEntry(entry) });
      await put(id, false);
    },
    load: messagesOf,
    last: async (id, count) => (await messagesOf(id)).slice(-count),
    textOf: (entry) => (entry as Message).content,
    list: (limit) => list({ limit }),
    settings,
    close,
  };
}

import { loadPeer } from "../../harness/peer-packages.ts";
import { type Adapter, type OpenAdapter, textOfEntry } from "./adapter.ts";

interface Item {
  readonly role: "user";
  readonly content: string;
}
interface MemorySession {
  addItems(items: readonly Item[]): Promise<void>;
  getItems(limit?: number): Promise<readonly Item[]>;
}
type NewSession = new (options: { sessionId: string; initialItems: Item[] }) => MemorySession;

/** `MemorySession` of OpenAI's Agents SDK: the floor of an interface, since nothing is kept. */
export async function loadOpenai(): Promise<OpenAdapter> {
  const { MemorySession } = await loadPeer<{ MemorySession: NewSession }>("openai");
  return async (): Promise<Adapter> => {
    const sessions = new Map<string, MemorySession>();
    const sessionOf = (id: string) => {
      const session = sessions.get(id);
      if (!session) throw new Error(`there is no session ${id}`);
      return session;
    };
    const item = (text: string): Item => ({ role: "user", content: text });
    return {
      async make(made) {
        for (const { id, entries } of made) {
          const initialItems = entries.map((each) => item(textOfEntry(each)));
          sessions.set(id, new MemorySession({ sessionId: id, initialItems }));
        }
      },
      append: (id, entry) => sessionOf(id).addItems([item(textOfEntry(entry))]),
      load: (id) => sessionOf(id).getItems(),
      last: (id, count) => sessionOf(id).getItems(count),
      textOf: (entry) => (entry as Item).content,
      settings: async () => "in memory",
      close: async () => {},
    };
  };
}

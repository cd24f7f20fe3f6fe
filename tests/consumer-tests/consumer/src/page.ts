import { createClient, openRemoteStore } from "@thulp-sessions/client";
import { story } from "./story.ts";

/** What a page does: it is type-checked without the types of Node, and run by nobody. */
export async function page(url: string): Promise<string> {
  await story(await openRemoteStore({ url }));
  const { items } = await createClient({ url }).sessions.list.query({ limit: 1 });
  return items.map(({ name }) => name).join();
}

import { shownName } from "../render/text.ts";
import { dateTime } from "../render/time.ts";
import { Failure, usage } from "../terminal/exit.ts";

/** How many are named where several begin so. */
const SHOWN = 5;

/**
 * The whole id of the session of a server that a person means.
 *
 * @throws {Failure} when no session begins so, or several do; these are then named.
 */
export async function idAtServer(url: string, token: string | undefined, typed: string): Promise<string> {
  const prefix = typed.trim().toLowerCase();
  if (!/^[0-9a-f][0-9a-f-]{0,35}$/.test(prefix))
    throw usage(
      `"${typed}" is no session id: expected a UUID or its beginning. thulp-sessions list shows them.`,
    );
  const { createClient } = await import("@thulp-sessions/client");
  const { sessions } = createClient({ url, token, retryForMs: 0 });
  const { items, more } = await sessions.resolve.query({ prefix, limit: SHOWN });
  const [only] = items;
  if (!only) throw new Failure(`No session of the server at ${url} has an id that begins with ${prefix}.`);
  if (items.length === 1 && !more) return only.id;
  const shown = items.map(({ id, name, updatedAt }) => `  ${id}  ${dateTime(updatedAt)}  ${shownName(name)}`);
  throw new Failure(
    `Several sessions begin with ${prefix}; type more of the id:\n${[...shown, ...(more ? ["  and more"] : [])].join("\n")}`,
  );
}

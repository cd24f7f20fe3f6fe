import { allSessions, isSessionError, type SessionStore } from "@thulp-sessions/core";
import type { SubjectFactory } from "../conformance-case.ts";

/** Opens one more handle on a server; a read-only one refuses by itself what writes. */
export type Connect = (options?: { readonly readOnly?: boolean }) => Promise<SessionStore>;

/**
 * A server that is there already as the place of one case after the other: it is emptied after each. Where
 * its sessions are not persistent, it is emptied as well when a handle is opened and no other one is open,
 * since nobody can start it again from here.
 *
 * @param connect opens one more handle on the server.
 */
export function sharedServer(connect: Connect): SubjectFactory {
  return async () => {
    let handles = 0;
    let used = false;
    const open = async (readOnly: boolean) => {
      if (used && handles === 0) await emptyUnlessPersistent(connect);
      const store = await connect({ readOnly });
      used = true;
      handles++;
      const close = store.close.bind(store);
      let closed = false;
      store.close = async () => {
        if (!closed) handles--;
        closed = true;
        await close();
      };
      return store;
    };
    return {
      open: () => open(false),
      openReadOnly: () => open(true),
      async dispose() {
        const store = await connect();
        try {
          await empty(store);
        } finally {
          await store.close();
        }
      },
    };
  };
}

async function emptyUnlessPersistent(connect: Connect): Promise<void> {
  const store = await connect();
  try {
    if (!store.capabilities.persistent) await empty(store);
  } finally {
    await store.close();
  }
}

async function empty(store: SessionStore): Promise<void> {
  const ids: string[] = [];
  for await (const { id } of allSessions(store)) ids.push(id);
  for (const id of ids) {
    await store.delete(id).catch((error) => {
      if (!isSessionError(error, "not_found")) throw error;
    });
  }
}

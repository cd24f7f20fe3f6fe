import type { CreateOptions, SessionManager, SessionType } from "@thulp-sessions/core";

/**
 * Keeps a piece of work as a session that ends as the work does: completed, failed or, when it was stopped,
 * cancelled.
 */
export async function record<T>(
  manager: SessionManager,
  name: string,
  type: SessionType,
  options: CreateOptions,
  signal: AbortSignal,
  work: (id: string) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const { id } = (await manager.createSession(name, type, options)).metadata;
  try {
    const result = await work(id);
    await manager.completeSession(id);
    return result;
  } catch (error) {
    const ended = signal.aborted ? manager.cancelSession(id) : manager.failSession(id);
    // Where the store itself fails, the first error is the one to tell.
    await ended.catch(() => {});
    throw error;
  }
}

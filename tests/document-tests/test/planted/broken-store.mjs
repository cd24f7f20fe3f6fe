// A store with a planted bug, under the names of the two that the README of store-conformance opens.
import { MemoryStore } from "@thulp-sessions/core/memory";

class BrokenStore extends MemoryStore {
  /** Says that there was nothing to delete, and deletes. */
  async doDelete(...given) {
    await super.doDelete(...given);
    return false;
  }
}

export { BrokenStore as MemoryStore };
export const openFileStore = async () => new BrokenStore();

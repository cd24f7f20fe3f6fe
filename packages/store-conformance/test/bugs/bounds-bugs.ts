import type { GivenSession, Session, SessionChange, SessionId, WriteOptions } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { type PlantedBug, plantedBug } from "./planted-bug.ts";

/** Lets everything pass that comes from a store, and takes everything for that. */
class Boundless extends MemoryStore {
  override create(session: GivenSession) {
    return super.create({ ...session, version: session.version ?? "" });
  }
  override replace(session: GivenSession, options?: { expectedVersion?: string | undefined }) {
    return super.replace({ ...session, version: session.version ?? "" }, options);
  }
}

export const boundsBugs: readonly PlantedBug[] = [
  plantedBug(
    "a new session may have any size",
    ["bounds-texts", "bounds-metadata", "bounds-context", "refuse-sizes"],
    Boundless,
  ),

  plantedBug(
    "what a store gave is refused for its size",
    ["bounds-stored"],
    class extends MemoryStore {
      override create({ metadata, entries, context }: Session) {
        return super.create({ metadata, entries, context });
      }
    },
  ),

  plantedBug(
    "a session that is too large cannot be changed any more",
    ["bounds-stored"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        const { metadata } = await this.head(id);
        return super.doUpdate(
          id,
          { ...metadata, ...change, name: change.name ?? `${metadata.name} ` },
          options,
        );
      }
    },
  ),
];

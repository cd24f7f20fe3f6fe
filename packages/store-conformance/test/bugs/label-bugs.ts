import { MemoryStore } from "@thulp-sessions/core/memory";
import { type PlantedBug, plantedBug, tick } from "./planted-bug.ts";

export const labelBugs: readonly PlantedBug[] = [
  plantedBug(
    "a later label takes the place of the first",
    ["label-first-stays"],
    class extends MemoryStore {
      #label: string | null = null;
      override async readLabel() {
        return this.#label;
      }
      override async claimLabel(label: string) {
        this.#label = label;
        return label;
      }
    },
  ),

  plantedBug(
    "of claims at the same time each gets its own label",
    ["label-first-stays"],
    class extends MemoryStore {
      override async claimLabel(label: string) {
        const before = await this.readLabel();
        await tick();
        await super.claimLabel(label);
        return before ?? label;
      }
    },
  ),

  plantedBug(
    "a label goes with the last session",
    ["label-beside-sessions"],
    class extends MemoryStore {
      #isGone = false;
      override async delete(id: string) {
        this.#isGone = true;
        return super.delete(id);
      }
      override async readLabel() {
        return this.#isGone ? null : super.readLabel();
      }
    },
  ),

  plantedBug(
    "labels of several lines are taken",
    ["label-refusals"],
    class extends MemoryStore {
      override async claimLabel(label: string) {
        return super.claimLabel(label.replaceAll("\n", " "));
      }
    },
  ),
];

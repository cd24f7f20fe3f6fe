import type { Colors } from "../terminal/colors.ts";
import { plural } from "./text.ts";

/** What an agent has noted for itself, in place of which a person sees how many such notes there are. */
export class AgentNotes {
  readonly #colors: Colors;
  #count = 0;
  #hint = "; --full shows such";

  constructor(colors: Colors) {
    this.#colors = colors;
  }

  add(): void {
    this.#count++;
  }

  /** A line for those since the last one; `null` where there are none. */
  take(): string | null {
    if (this.#count === 0) return null;
    const line = this.#colors.dim(`  … ${plural(this.#count, "note")} of the agent for itself${this.#hint}`);
    this.#count = 0;
    this.#hint = "";
    return line;
  }
}

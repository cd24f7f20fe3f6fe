/** What an answer said of a session. */
export interface SeenSession {
  /** `undefined` where the answer named none: that of a page of entries. */
  readonly version: string | undefined;
  readonly epoch: string;
}

/** How many sessions are remembered: the last ones that answers were about. */
const MAX_SEEN = 10_000;

/**
 * What the answers to a client have said of sessions last. By it a repeated call knows what was there when
 * it was sent first, without a request for that alone.
 */
export class SeenSessions {
  /** The longest ago first. */
  readonly #seen = new Map<string, SeenSession>();

  get(id: unknown): SeenSession | undefined {
    return this.#seen.get(String(id).toLowerCase());
  }

  /** @param input of the call that was answered. */
  note(path: string, input: unknown, data: unknown): void {
    if (!isRecord(data)) return;
    if (path === "sessions.delete") this.#seen.delete(idOf(input, data) ?? "");
    const { epoch, version } = data;
    const id = idOf(input, data);
    if (id === undefined || typeof epoch !== "string") return;
    this.#seen.delete(id);
    this.#seen.set(id, { epoch, version: typeof version === "string" ? version : undefined });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MAX_SEEN && oldest !== undefined) this.#seen.delete(oldest);
  }
}

/** Of a head or a session in the answer; else of the input: of an append, or a page of entries. */
function idOf(input: unknown, { metadata }: Readonly<Record<string, unknown>>): string | undefined {
  const id = isRecord(metadata) ? metadata["id"] : isRecord(input) ? input["id"] : undefined;
  return typeof id === "string" ? id.toLowerCase() : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An entry as one of several clients has given it: its `i`-th. */
export interface Placed {
  readonly sessionId: string;
  readonly id: string;
  readonly client: number;
  readonly i: number;
}

/** What is wrong with what is stored, in the order of each session, of what was acknowledged. */
export function lossesOf(acknowledged: readonly Placed[], stored: readonly Placed[]): string[] {
  const found: string[] = [];
  const ids = new Set(stored.map(({ id }) => id));
  for (const { id, client, i } of acknowledged)
    if (!ids.has(id)) found.push(`lost: ${i} of client ${client}`);
  const seen = new Set<string>();
  const last = new Map<string, number>();
  for (const { sessionId, client, i } of stored) {
    if (seen.has(`${client} ${i}`)) found.push(`twice: ${i} of client ${client}`);
    else {
      const before = last.get(`${sessionId} ${client}`) ?? -1;
      if (i < before) found.push(`out of order: ${i} after ${before} of client ${client}`);
      last.set(`${sessionId} ${client}`, i);
    }
    seen.add(`${client} ${i}`);
  }
  return found;
}

/** How much a client wants a coding: 0 for not at all, what it has not named included. */
export type Weigh = (coding: string) => number;

/** Reads `accept-encoding`: names with their weights, `*` for what is not named. */
export function acceptedEncodings(header: string | string[] | undefined): Weigh {
  const weights = new Map(
    String(header ?? "")
      .toLowerCase()
      .split(",")
      .map((each) => {
        const [coding = "", weight = "1"] = each.trim().split(/\s*;\s*q=/);
        return [coding, Number(weight)] as const;
      }),
  );
  return (coding) => weights.get(coding) ?? weights.get("*") ?? 0;
}

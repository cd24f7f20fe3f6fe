import type { Cost } from "./usage-sums.ts";

/** `$1.23`; `$1.23 or more` where some of it is unknown; `unknown` where all of it is. */
export function costText({ known, knownRequests, unknownRequests }: Cost): string {
  if (unknownRequests === 0) return dollars(known);
  return knownRequests === 0 ? "unknown" : `${dollars(known)} or more`;
}

function dollars(amount: number): string {
  const digits = amount === 0 || amount >= 0.1 ? 2 : 4;
  return `$${amount.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

import { isIPv4 } from "node:net";

/** True for a host that only this machine can reach: `localhost`, 127.0.0.0/8 and `::1`. */
export function isLoopback(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return bare === "localhost" || bare === "::1" || (isIPv4(bare) && bare.startsWith("127."));
}

import { isLoopback } from "./loopback.ts";

/**
 * Keeps calls to this machine from a proxy: with `NODE_USE_ENV_PROXY` newer Nodes send `fetch` to the one
 * that `HTTP_PROXY` names, which cannot reach this machine's loopback and would see the token. Node looks at
 * `NO_PROXY` at each call.
 */
export function bypassProxy(url: string, env: Record<string, string | undefined>): void {
  const { hostname } = new URL(url);
  if (!isLoopback(hostname)) return;
  const name = env["no_proxy"] === undefined ? "NO_PROXY" : "no_proxy";
  const listed = env[name]?.split(/[\s,]+/).filter(Boolean) ?? [];
  if (listed.includes("*") || listed.includes(hostname)) return;
  env[name] = [...listed, hostname].join(",");
}

/**
 * What the page may do in a browser: run its own scripts and workers, and call its own server. No script in
 * the page's text, no HTML made of strings, nothing from or to elsewhere but pictures that stand in a session
 * as data. `worker` is the one policy of Trusted Types: it lets through the address of the page's worker.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
];
const TRUSTED_TYPES = ["require-trusted-types-for 'script'", "trusted-types worker"];

/**
 * The headers of every file of the page: names and values by turns. A worker obeys those of its own file.
 *
 * @param frameAncestors the origins whose pages may frame it.
 */
export function pageHeaders(frameAncestors: readonly string[]): readonly string[] {
  const ancestors = `frame-ancestors ${frameAncestors.length === 0 ? "'none'" : frameAncestors.join(" ")}`;
  return [
    "content-security-policy",
    [...CONTENT_SECURITY_POLICY, ancestors, ...TRUSTED_TYPES].join("; "),
    "cross-origin-opener-policy",
    "same-origin",
    // No page of another origin finds out whether a server runs here.
    "cross-origin-resource-policy",
    "same-origin",
    "referrer-policy",
    "no-referrer",
    "x-content-type-options",
    "nosniff",
  ];
}

/** Where a link leads, if a person may be led there. */
export interface SafeLink {
  readonly href: string;
  /** For the eyes: what a link says of itself may be something else. */
  readonly host: string;
}

const SCHEMES = ["http:", "https:", "mailto:"];

/** `null` for all but web pages and mail: scripts, files, programs, and paths within this page. */
export function safeLink(href: string): SafeLink | null {
  try {
    const url = new URL(href);
    if (!SCHEMES.includes(url.protocol)) return null;
    return { href: url.href, host: url.protocol === "mailto:" ? url.pathname : url.host };
  } catch {
    return null;
  }
}

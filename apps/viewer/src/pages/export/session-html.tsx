import type { JsonObject, SessionMetadata, StoredEntry } from "@thulp-sessions/core";
import { describeEntry, describeType, visibleJson, visibleText } from "@thulp-sessions/core/text";
import type { EntryView, ViewPart } from "@thulp-sessions/core/view";
import type { ComponentChildren } from "preact";
import { entryTitle, shownParts } from "../../content/entry-view.ts";
import { Markdown } from "../../content/markdown.tsx";
import { oneLine } from "../../parts/session-title.ts";
import { HTML_STYLE, HTML_STYLE_HASH } from "./html-style.ts";
import { escapeHtml, vnodeHtml } from "./vnode-html.ts";

// A session as one page that anybody can open: no script, nothing from elsewhere, every text escaped. It is
// made of the same parts as the conversation.

/** What stands behind the last entry. */
export const HTML_CLOSING = "</main>\n</body>\n</html>\n";

/** What stands before the first entry. */
export function htmlHead(
  { metadata, context }: { readonly metadata: SessionMetadata; readonly context: JsonObject },
  { entries, masked }: { readonly entries: string; readonly masked: boolean },
): string {
  const name = oneLine(metadata.name) || metadata.id;
  const facts: readonly (readonly [string, string])[] = [
    ["id", metadata.id],
    ["type", describeType(metadata.sessionType)],
    ["status", metadata.status],
    ["created", timeText(metadata.createdAt)],
    ["changed", timeText(metadata.updatedAt)],
    ["entries", entries],
    ...(metadata.tags.length > 0
      ? [["tags", metadata.tags.map((tag) => oneLine(tag)).join(", ")] as const]
      : []),
    ...(metadata.parentSession ? [["parent", metadata.parentSession] as const] : []),
    ...(masked ? [["masked", "signs in square brackets stand for what was taken out"] as const] : []),
  ];
  const body = (
    <>
      <h1>{name}</h1>
      <dl>
        {facts.map(([key, value]) => (
          <>
            <dt>{key}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
      {Object.keys(context).length > 0 && (
        <details>
          <summary>context</summary>
          <pre>{jsonText(context)}</pre>
        </details>
      )}
    </>
  );
  return `${htmlBeginning(name, HTML_STYLE, HTML_STYLE_HASH)}${vnodeHtml(body)}\n`;
}

/**
 * What stands before the body of a page.
 *
 * @param hash of the style, by which the page allows it and no other.
 */
export function htmlBeginning(title: string, style: string, hash: string): string {
  const policy = `default-src 'none'; style-src '${hash}'; base-uri 'none'; form-action 'none'`;
  return (
    `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n` +
    `<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">\n` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">\n` +
    `<meta name="referrer" content="no-referrer">\n` +
    `<title>${escapeHtml(title)}</title>\n<style>${style}</style>\n</head>\n<body>\n<main>\n`
  );
}

/** One entry: what was said is open, calls are folded, those that failed are not. */
export function htmlEntry(entry: StoredEntry, view: EntryView): string {
  return `${vnodeHtml(<EntryArticle entry={entry} view={view} anchor={`e${entry.seq}`} side="" />)}\n`;
}

/** An entry as a part of such a page. */
export function EntryArticle({
  entry,
  view,
  anchor,
  side,
}: {
  readonly entry: StoredEntry;
  readonly view: EntryView;
  /** Its id on the page. */
  readonly anchor: string;
  /** Of which session it is, where there are several. */
  readonly side: string;
}) {
  const { seq, timestamp, entryType, content, inexact } = entry;
  const failed = "success" in entryType && !entryType.success;
  const parts = shownParts(view, entry).map((part, i) => <Part key={i} part={part} />);
  const title = (
    <>
      {side !== "" && <span class="quiet">{side} </span>}
      <a href={`#${anchor}`}>#{seq}</a> {describeEntry(entry)} <time>{timeText(timestamp)}</time>
      {inexact && <span class="quiet"> holds a number that is shown rounded</span>}
    </>
  );
  const isCall = entryType.type === "tool_call" || entryType.type === "skill_execution";
  return (
    <article id={anchor} class={`${entryType.type}${failed ? " failed" : ""}`}>
      {isCall ? (
        <details open={failed}>
          <summary>
            {title} <span class="quiet">{oneLine(entryTitle(view, entry), 120)}</span>
          </summary>
          {parts}
        </details>
      ) : (
        <>
          <h2>{title}</h2>
          {content === null ? null : parts}
        </>
      )}
    </article>
  );
}

function Part({ part }: { readonly part: ViewPart }) {
  switch (part.type) {
    case "text":
      return <Markdown text={part.text} />;
    case "output":
      return (
        <>
          {part.label !== "" && <p class="quiet">{oneLine(part.label, 80)}</p>}
          <pre>{visibleText(part.text)}</pre>
        </>
      );
    case "notice":
      return <p class="quiet">{oneLine(part.text, 1000)}</p>;
    case "thinking":
      return (
        <Folded title="thinking">
          <Markdown text={part.text} />
        </Folded>
      );
    case "call":
      return (
        <Folded title={`calls ${oneLine(part.name, 60)}`}>
          <pre>{jsonText(part.input)}</pre>
        </Folded>
      );
    case "json":
      return (
        <>
          {part.label !== "" && <p class="quiet">{oneLine(part.label, 80)}</p>}
          <pre>{jsonText(part.value)}</pre>
        </>
      );
  }
}

function Folded({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <details>
      <summary>{title}</summary>
      {children}
    </details>
  );
}

function jsonText(value: unknown): string {
  return visibleJson(JSON.stringify(value, null, 2));
}

/** In UTC; what no calendar holds, as the number it is. */
export function timeText(time: number): string {
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);
}

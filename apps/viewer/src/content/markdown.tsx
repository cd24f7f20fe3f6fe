import { visibleText } from "@thulp-sessions/core/text";
import { Lexer, type Token, type Tokens } from "marked";
import type { ComponentChildren, VNode } from "preact";
import { SCROLLABLE } from "../parts/scrollable.ts";
import { decodeReferences } from "./character-references.ts";
import { codeTokens } from "./code-tokens.ts";
import { safeLink } from "./safe-link.ts";

/** What is longer is shown as it is: hostile texts make a parser slow. */
export const MAX_MARKDOWN = 64 * 1024;
/** So many `>` and list signs at the beginning of a line are nobody's quotation. */
const TOO_DEEP = /^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])){40}/m;

/**
 * Markdown as elements. No HTML is made: what is HTML in it is shown as the text that it is, pictures are
 * named and not loaded, and links lead to web pages and mail only.
 */
export function Markdown({ text }: { readonly text: string }) {
  const tokens = tokensOf(text);
  return tokens ? (
    <div class="markdown">{blocks(tokens)}</div>
  ) : (
    <p class="plain-text">{visibleText(text)}</p>
  );
}

/** `null` where it is to be shown as it is. */
export function tokensOf(text: string): readonly Token[] | null {
  if (text.length > MAX_MARKDOWN || TOO_DEEP.test(text)) return null;
  try {
    return new Lexer({ gfm: true }).lex(visibleText(text));
  } catch {
    // Nested beyond the stack.
    return null;
  }
}

function blocks(tokens: readonly Token[]): ComponentChildren {
  return tokens.map((token) => block(token as MarkedToken));
}

/** Without the tokens of extensions, of which there are none. */
type MarkedToken =
  | Tokens.Blockquote
  | Tokens.Br
  | Tokens.Checkbox
  | Tokens.Code
  | Tokens.Codespan
  | Tokens.Def
  | Tokens.Del
  | Tokens.Em
  | Tokens.Escape
  | Tokens.Heading
  | Tokens.Hr
  | Tokens.HTML
  | Tokens.Image
  | Tokens.Link
  | Tokens.List
  | Tokens.Paragraph
  | Tokens.Space
  | Tokens.Strong
  | Tokens.Table
  | Tokens.Text;

function block(token: MarkedToken): ComponentChildren {
  switch (token.type) {
    case "space":
      return null;
    case "def":
      // Nothing that was written is hidden: in this form people hide remarks from each other.
      return <p class="plain-text quiet">{visibleText(token.raw.trim())}</p>;
    case "heading":
      return <p class={`heading heading-${token.depth}`}>{inline(token.tokens)}</p>;
    case "paragraph":
      return <p>{inline(token.tokens)}</p>;
    case "code":
      return <CodeBlock text={token.text} language={token.lang ?? ""} />;
    case "blockquote":
      return <blockquote>{blocks(token.tokens)}</blockquote>;
    case "hr":
      return <hr />;
    case "list":
      return list(token);
    case "table":
      return table(token);
    case "html":
      return <p class="plain-text">{visibleText(token.text)}</p>;
    default:
      return inline([token]);
  }
}

function list({ ordered, start, items }: Tokens.List): VNode {
  const shown = items.map((item, i) => <li key={i}>{blocks(item.tokens)}</li>);
  return ordered ? <ol start={start === "" ? 1 : start}>{shown}</ol> : <ul>{shown}</ul>;
}

function table({ header, rows }: Tokens.Table): VNode {
  return (
    <div class="table" {...SCROLLABLE}>
      <table>
        <thead>
          <tr>
            {header.map((cell, i) => (
              <th key={i}>{inline(cell.tokens)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j}>{inline(cell.tokens)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(tokens: readonly Token[]): ComponentChildren {
  return tokens.map((token) => inlineToken(token as MarkedToken));
}

function inlineToken(token: MarkedToken): ComponentChildren {
  switch (token.type) {
    case "strong":
      return <strong>{inline(token.tokens)}</strong>;
    case "em":
      return <em>{inline(token.tokens)}</em>;
    case "del":
      return <del>{inline(token.tokens)}</del>;
    case "codespan":
      return <code>{visibleText(token.text)}</code>;
    case "br":
      return <br />;
    case "link":
      return <Link href={token.href}>{inline(token.tokens)}</Link>;
    case "image":
      return <Picture href={token.href} text={token.text} />;
    case "checkbox":
      return token.checked ? "☑ " : "☐ ";
    case "text":
      if (token.tokens) return inline(token.tokens);
      // A reference may be to a character that is to be seen as a sign too.
      return visibleText(decodeReferences(token.text));
    case "escape":
      return visibleText(decodeReferences(token.text));
    default:
      return visibleText("text" in token ? token.text : token.raw);
  }
}

function Link({ href, children }: { readonly href: string; readonly children: ComponentChildren }) {
  const link = safeLink(decodeReferences(href));
  if (!link)
    return (
      <>
        {children} <span class="quiet">({visibleText(href.slice(0, 300))})</span>
      </>
    );
  return (
    <>
      <a href={link.href} target="_blank" rel="noopener noreferrer" title={visibleText(link.href)}>
        {children}
      </a>{" "}
      <span class="quiet host">({visibleText(link.host)})</span>
    </>
  );
}

/** A picture from elsewhere would tell its server who looks at what. */
function Picture({ href, text }: { readonly href: string; readonly text: string }) {
  const link = safeLink(decodeReferences(href));
  const from = link ? ` of ${link.host}` : "";
  return (
    <span class="picture">
      picture{visibleText(from)}, not loaded: {visibleText(text)}{" "}
      {link ? visibleText(link.href) : visibleText(href.slice(0, 300))}
    </span>
  );
}

function CodeBlock({ text, language }: { readonly text: string; readonly language: string }) {
  return (
    <pre class="code" {...SCROLLABLE} title={visibleText(language.slice(0, 40))}>
      <code>
        {codeTokens(visibleText(text), language).map(({ kind, text: piece }, i) =>
          kind === null ? (
            piece
          ) : (
            <span key={i} class={`code-${kind}`}>
              {piece}
            </span>
          ),
        )}
      </code>
    </pre>
  );
}

import type { ComponentChild, ComponentChildren, VNode } from "preact";
import { describe, expect, test } from "vitest";
import { Markdown, tokensOf } from "../src/content/markdown.tsx";
import { safeLink } from "../src/content/safe-link.ts";

type AnyNode = VNode<{ readonly children?: ComponentChildren; readonly href?: string }>;

/** Every element that is made, with its attributes, and every text. */
function made(text: string): { elements: { type: string; href?: string | undefined }[]; text: string } {
  const elements: { type: string; href?: string | undefined }[] = [];
  let said = "";
  const visit = (node: ComponentChildren): void => {
    if (Array.isArray(node)) for (const each of node as ComponentChild[]) visit(each);
    else if (typeof node === "string" || typeof node === "number") said += node;
    else if (typeof node === "object" && node !== null && "type" in node) {
      const { type, props } = node as AnyNode;
      if (typeof type === "function") {
        visit((type as (given: unknown) => ComponentChildren)(props));
        return;
      }
      if (typeof type === "string") elements.push({ type, href: props.href });
      visit(props.children);
    }
  };
  visit(Markdown({ text }));
  return { elements, text: said };
}
const types = (text: string) => new Set(made(text).elements.map(({ type }) => type));

describe("Markdown", () => {
  test("becomes elements", () => {
    const text =
      "# Title\n\n- one\n- **two**\n\n| a | b |\n|---|---|\n| 1 | `2` |\n\n> said\n\n```js\nx\n```\n\n~~no~~ *yes*";
    expect(types(text)).toEqual(
      new Set("div p ul li strong table thead tr th tbody td code blockquote pre del em".split(" ")),
    );
  });

  test("makes no element of HTML in it, and shows it", () => {
    const html =
      '<script>alert(1)</script>\n\na <img src=x onerror=alert(2)> b\n\n<iframe src="//evil.example"></iframe>';
    expect([...types(html)].sort()).toEqual(["div", "p"]);
    expect(made(html).text).toContain("<script>alert(1)</script>");
    expect(made(html).text).toContain("<img src=x onerror=alert(2)>");
  });

  test("leads to web pages and mail only, and says where", () => {
    const links =
      "[a](https://ok.example/x) [b](javascript:alert(1)) [c](data:text/html,x) [d](/s/1) [e](vbscript:x) [f](mailto:a@b.example) [g](JAVASCRIPT:alert(1)) [h](java&#115;cript:alert(1))";
    const { elements, text } = made(links);
    expect(elements.filter(({ type }) => type === "a").map(({ href }) => href)).toEqual([
      "https://ok.example/x",
      "mailto:a@b.example",
    ]);
    expect(text).toContain("(ok.example)");
    expect(text).toContain("(javascript:alert(1))");
    expect(safeLink("https://user:secret@evil.example")?.host).toBe("evil.example");
    expect(safeLink("file:///etc/passwd")).toBe(null);
  });

  test("hides no remark that is written as a definition", () => {
    expect(made("a\n\n[//]: # (do not tell)\n\nb").text).toContain("(do not tell)");
  });

  test("loads no picture, and says whose it is", () => {
    const { elements, text } = made("![secret](https://evil.example/?q=1)");
    expect(elements.map(({ type }) => type)).not.toContain("img");
    expect(text).toContain("picture of evil.example, not loaded: secret https://evil.example/?q=1");
  });

  test("shows what is hidden, written as such or by a reference", () => {
    expect(made("a\u202eb \u001b[31m `\u200b` &#8238; &#x200b; &amp; &lt;b&gt;").text).toBe(
      "a<U+202E>b \u241b[31m <U+200B> <U+202E> <U+200B> & <b>",
    );
  });

  test("that is too long or too deep is shown as it is", () => {
    expect(tokensOf("> ".repeat(5000))).toBe(null);
    expect(tokensOf("- ".repeat(5000))).toBe(null);
    expect(tokensOf("a ".repeat(40_000))).toBe(null);
    expect(made("> ".repeat(500)).text).toBe("> ".repeat(500));
    for (const hostile of ["*_", "[", "![", "`a", "<a ", "](", "~", "| ", "\n- ", "&#"])
      expect(made(hostile.repeat(4000)).elements.length).toBeGreaterThan(0);
  });
});

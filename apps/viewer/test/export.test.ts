import { createHash } from "node:crypto";
import type { JsonValue, SessionId, StoredEntry } from "@thulp-sessions/core";
import { findInText, mapEntry, mapJson } from "@thulp-sessions/core/redaction";
import { DEFAULT_VIEW } from "@thulp-sessions/core/view";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HTML_STYLE, HTML_STYLE_HASH } from "../src/pages/export/html-style.ts";
import { exceptionKey, Masker, NO_MASKS } from "../src/pages/export/masker.ts";
import { Review } from "../src/pages/export/review.ts";
import { htmlEntry, htmlHead } from "../src/pages/export/session-html.tsx";

// Put together here, so that nobody who looks through this repository takes them for real ones.
const GITHUB = `ghp_${"a1B2".repeat(9)}`;
const AWS = `AKIA${"ABCD1234".repeat(2)}`;
const MODEL = `sk-ant-${"x9".repeat(20)}`;
const JWT = `eyJ${"hbGciOi".repeat(3)}.${"eyJzdWIi".repeat(3)}.${"SflKxwRJ".repeat(3)}`;
const PEM = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${"QUJD\n".repeat(20)}-----END RSA PRIVATE KEY-----`;

const ID = "i" as SessionId;
const entry = (content: JsonValue, type = "user_message") =>
  ({ id: "e", seq: 3, timestamp: 0, entryType: { type }, content }) as unknown as StoredEntry;

describe("the review of an export", () => {
  test("says how often and where, and under which keys a secret stands whatever it looks like", () => {
    const review = new Review();
    review.addSession(
      {
        id: "i",
        name: "of jane@example.org",
        tags: ["/home/jane"],
        sessionType: { type: "agent", agentName: "x" },
      } as never,
      { apiKey: "looks-like-nothing", tokens: "many words" },
      false,
    );
    review.addEntry(ID, entry({ deep: [{ "jane@example.org": "jane@example.org" }] }));
    review.addEntry(ID, { ...entry("jane@example.org"), seq: 9, inexact: true });
    expect(review.valuesOf("email")).toMatchObject([
      { value: "jane@example.org", count: 4, places: [null, 3, 9].map((seq) => ({ id: "i", seq })) },
    ]);
    expect(review.valuesOf("home")).toMatchObject([
      { value: "/home/jane", count: 1, places: [{ id: "i", seq: null }] },
    ]);
    expect(review.valuesOf("secret")).toMatchObject([{ value: "looks-like-nothing", count: 1 }]);
    expect([review.entries, review.inexact, review.placesOf("email"), review.isEmpty]).toEqual([
      2,
      1,
      4,
      false,
    ]);
  });
});

describe("masking", () => {
  test("puts one sign for one value, everywhere, and leaves out what shall stay", () => {
    const masker = new Masker({
      kinds: new Set(["email", "secret"]),
      exceptions: new Set([exceptionKey({ kind: "email", value: "known@example.org" })]),
    });
    const content = {
      "jane@example.org": ["to jane@example.org and known@example.org", GITHUB],
      "joe@example.org": "in /home/joe",
      password: "plain words",
      n: 1,
    };
    expect(mapEntry(entry(content), masker.mask).content).toEqual({
      "[e-mail 1]": ["to [e-mail 1] and known@example.org", "[secret 1]"],
      "[e-mail 2]": "in /home/joe",
      password: "[secret 2]",
      n: 1,
    });
    expect(masker.places).toBe(5);
  });

  test("changes nothing where nothing is masked", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const none = new Masker(NO_MASKS);
        expect(mapJson(value as JsonValue, none.mask)).toBe(value);
        expect(none.places).toBe(0);
      }),
    );
  });

  test("leaves no value of a masked kind behind", () => {
    const value = fc.constantFrom(
      GITHUB,
      AWS,
      MODEL,
      JWT,
      PEM,
      "jane@example.org",
      "/home/jane",
      "https://x.example/",
    );
    const part = fc.oneof(value, fc.string(), fc.constantFrom(" ", '"', "\n", "=", ":"));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.join(" ");
        const masker = new Masker({
          kinds: new Set(["secret", "email", "home", "host"]),
          exceptions: new Set(),
        });
        const masked = masker.mask(text, "");
        for (const finding of findInText(text))
          expect(masked).not.toContain(text.slice(finding.start, finding.end));
      }),
    );
  });
});

describe("the page of an export", () => {
  test("allows its own style, by its hash, and nothing else", () => {
    expect(HTML_STYLE_HASH).toBe(`sha256-${createHash("sha256").update(HTML_STYLE).digest("base64")}`);
    const metadata = {
      id: "i",
      name: "</title><script>",
      tags: [],
      sessionType: { type: "agent", agentName: "a" },
    };
    const head = htmlHead({ metadata: metadata as never, context: {} }, { entries: "0", masked: false });
    expect(head).toContain(`default-src &#39;none&#39;; style-src &#39;${HTML_STYLE_HASH}&#39;`);
    expect(head).toContain("<title>&#60;/title&#62;&#60;script&#62;</title>");
  });

  test("holds no element but its own, whatever the contents are", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "<script>alert(1)</script>",
        "![a](http://x/)",
        "[a](javascript:b)",
        '"><img src=x onerror=y>',
        "</pre></style>",
      ),
    );
    const ours =
      /^(article|h2|a|time|span|details|summary|p|pre|div|code|strong|em|del|ul|ol|li|table|thead|tbody|tr|th|td|blockquote|hr|br)$/;
    const types = fc.constantFrom(
      { type: "user_message" },
      { type: "tool_call", toolName: "<b>", success: false },
      { type: "system_event", event: "<b>" },
    );
    fc.assert(
      fc.property(fc.oneof(text, fc.dictionary(text, text), fc.array(text)), types, (content, entryType) => {
        const html = htmlEntry({ ...entry(content as JsonValue), entryType } as StoredEntry, DEFAULT_VIEW);
        for (const [, name, attributes] of html.matchAll(/<([^\s/>][^\s>]*)([^>]*)>/g)) {
          expect(name).toMatch(ours);
          expect(attributes).not.toMatch(/\s(on\w+|src|style|srcset)=/i);
          expect(/href="([^"]*)"/.exec(attributes ?? "")?.[1] ?? "#").toMatch(/^(#|https?:|mailto:)/);
        }
      }),
    );
  });

  test("folds calls, but none that failed", () => {
    const call = (success: boolean) =>
      htmlEntry(
        { ...entry({ command: "ls" }), entryType: { type: "tool_call", toolName: "Bash", success } },
        DEFAULT_VIEW,
      );
    expect(call(true)).toContain("<details>");
    expect(call(false)).toContain('<details open="">');
  });
});

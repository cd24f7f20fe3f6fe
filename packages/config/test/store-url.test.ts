import { describe, expect, it } from "vitest";
import { openStore, parseStoreUrl } from "../src/index.ts";
import { formatStoreUrl } from "../src/store-url.ts";

const onPosix = it.skipIf(process.platform === "win32");

describe("a store URL", () => {
  onPosix.each([
    ["sqlite:.thulp/sessions.db", { kind: "sqlite", file: "/base/.thulp/sessions.db" }],
    ["sqlite:/abs/../x.db", { kind: "sqlite", file: "/x.db" }],
    ["SQLITE:x", { kind: "sqlite", file: "/base/x" }],
    ["sqlite:a b#?%20.db", { kind: "sqlite", file: "/base/a b#?%20.db" }],
    ["fs:sessions", { kind: "fs", dir: "/base/sessions" }],
    ["fs:.", { kind: "fs", dir: "/base" }],
    ["fs:a~b", { kind: "fs", dir: "/base/a~b" }],
    ["memory:", { kind: "memory" }],
    ["http://127.0.0.1:4664", { kind: "http", url: "http://127.0.0.1:4664" }],
    ["https://example.com/agents/", { kind: "http", url: "https://example.com/agents" }],
    ["http://[::1]:80/", { kind: "http", url: "http://[::1]" }],
    ["postgres://me@db:5432/x?schema=y", { kind: "postgres", url: "postgres://me@db:5432/x?schema=y" }],
    ["postgresql://%2Frun%2Fpg/x", { kind: "postgres", url: "postgresql://%2Frun%2Fpg/x" }],
  ])("%s", (text, location) => {
    const parsed = parseStoreUrl(text, "/base");
    expect(parsed).toEqual(location);
    expect(parseStoreUrl(formatStoreUrl(parsed), "/elsewhere")).toEqual(location);
  });

  onPosix.each([
    [
      "",
      "expected sqlite:PATH, fs:PATH, memory:, postgres://HOST/DB, http://HOST:PORT, shards:FILE, home: or transcripts:AGENT",
    ],
    ["sessions.db", "for this path write sqlite:sessions.db or fs:sessions.db"],
    ["/abs/x", "write sqlite:/abs/x"],
    ["C:\\x", "write sqlite:C:\\x"],
    ["sqlite:C:\\x", "this is a Windows path"],
    ["fs:\\\\server\\share", "this is a Windows path"],
    ["sqlite:", "the path is missing"],
    ["fs:  ", "the path is missing"],
    ["sqlite:~/x.db", "write the whole path"],
    ["fs:~", "write the whole path"],
    ["sqlite://x.db", "a path follows the colon directly"],
    ["sqlite:///x.db", "a path follows the colon directly"],
    ["sqlite::memory:", "a store in memory is called memory:"],
    [":memory:", "a store in memory is called memory:"],
    ["memory:x", "takes no path"],
    ["home:x", "home: takes no path"],
    ["sqlite:a\0b", "no NUL"],
    ["redis://x", 'the scheme "redis" is unknown'],
    ["http://", "it is not a URL"],
    ["http://x?y=1", "a query or fragment"],
    ["http://x/#y", "a query or fragment"],
    ["postgres://db", "it names no database"],
    ["postgres://me:a%zz@db/x", "the percent-encoding of the password is broken"],
  ])("%j is refused", (text, reason) => {
    expect(() => parseStoreUrl(text, "/base")).toThrow(
      expect.objectContaining({ code: "invalid_input", message: expect.stringContaining(reason) }),
    );
  });

  it("of a database is shown without its password, whatever is wrong with it", () => {
    expect(formatStoreUrl(parseStoreUrl("postgres://me:secret@db/x", "/"))).toBe("postgres://me@db/x");
    for (const text of [
      "postgres://me:secret@db",
      "postgress://me:secret@db/x",
      "postgres://me:secret%@db/x",
    ])
      expect(() => parseStoreUrl(text, "/")).not.toThrow(/secret/);
  });

  it("of a database gives the password to the store that is opened, which does not show it", async () => {
    const opened = openStore("postgres://me:secret@127.0.0.1:1/x");
    await expect(opened).rejects.toThrow(/postgres:\/\/me@127\.0\.0\.1:1\/x: .*ECONNREFUSED/);
    await expect(opened).rejects.not.toThrow(/secret/);
    await expect(openStore("postgres://me@127.0.0.1:1/x?sslmod=disable")).rejects.toThrow(
      'the parameter "sslmod" is unknown',
    );
  });

  it("of a database is refused with a promise about deletion that no database keeps", async () => {
    await expect(openStore("postgres://me:secret@db/x", { deletion: "secure" })).rejects.toMatchObject({
      code: "invalid_input",
      details: { field: "deletion" },
      message: expect.stringMatching(/^postgres:\/\/me@db\/x: deletion "secure" is for sqlite: stores/),
    });
  });

  it("with credentials is refused without showing them", () => {
    for (const text of ["http://me:secret@host:1", "https://secret@host"]) {
      expect(() => parseStoreUrl(text, "/base")).toThrow(/holds credentials/);
      expect(() => parseStoreUrl(text, "/base")).not.toThrow(/secret/);
    }
  });
});

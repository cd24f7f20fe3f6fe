import { describe, expect, test } from "vitest";
import { parsePostgresUrl } from "../src/connection/postgres-url.ts";

describe("the URL of a database", () => {
  test("what it says", () => {
    const { client, location, ...rest } = parsePostgresUrl(
      "postgresql://me%40x:p%3Aw@db.example:6432/x%20y?schema=agents&lanes=2&pool=8&pipeline=off&prepare=off&migrate=off&search=off",
    );
    expect(client).toMatchObject({
      host: "db.example",
      port: 6432,
      database: "x y",
      user: "me@x",
      password: "p:w",
      ssl: { rejectUnauthorized: true },
    });
    expect(rest).toEqual({
      schema: "agents",
      lanes: 2,
      pool: 8,
      pipeline: false,
      prepare: false,
      migrate: false,
      search: false,
    });
    expect(location).toBe("postgres://me%40x@db.example:6432/x%20y?schema=agents");
  });

  test("what is left out", () => {
    const { client, ...rest } = parsePostgresUrl("postgres://db.example/x");
    expect(client).toMatchObject({ host: "db.example", port: 5432 });
    expect(client).not.toHaveProperty("user");
    expect(client).not.toHaveProperty("password");
    expect(rest).toEqual({
      location: "postgres://db.example/x",
      schema: "thulp_sessions",
      lanes: 1,
      pool: 4,
      pipeline: true,
      prepare: true,
      migrate: true,
      search: true,
    });
  });

  test.each([
    ["db.example", "", { rejectUnauthorized: true }],
    ["db.example", "?sslmode=verify-full", { rejectUnauthorized: true }],
    ["db.example", "?sslmode=no-verify", { rejectUnauthorized: false }],
    ["db.example", "?sslmode=disable", false],
    ["localhost.example", "", { rejectUnauthorized: true }],
    ["localhost", "", false],
    ["127.0.0.1", "", false],
    ["[::1]", "", false],
    ["%2Frun%2Fpostgresql", "", false],
    ["127.0.0.1", "?sslmode=verify-full", { rejectUnauthorized: true }],
  ])("whom it trusts: %s%s", (host, search, ssl) => {
    expect(parsePostgresUrl(`postgres://${host}/x${search}`).client.ssl).toEqual(ssl);
  });

  test("with verify-ca the name does not matter, the certificate does", () => {
    const { ssl } = parsePostgresUrl("postgres://db/x?sslmode=verify-ca").client;
    expect(ssl).toMatchObject({ rejectUnauthorized: true, checkServerIdentity: expect.any(Function) });
  });

  test.each([
    ["mysql://db/x", "it is not a URL"],
    ["postgres://db", "it names no database"],
    ["postgres://db/x/y", "it names no database"],
    ["postgres://a,b/x", "it names several hosts"],
    ["postgres://db/x#y", "write # as %23"],
    ["postgres://db/x?sslmode=require", "sslmode is one of verify-full"],
    ["postgres://db/x?sslrootcert=/nowhere", "sslrootcert cannot be read"],
    ["postgres://db/x?sslmode=disable&sslrootcert=/x", "sslrootcert means nothing"],
    ["postgres://db/x?sslmod=disable", 'the parameter "sslmod" is unknown'],
    ["postgres://db/x?lanes=0", "lanes is a number from 1"],
    ["postgres://db/x?pool=x", "pool is a number from 1"],
    ["postgres://db/x?migrate=no", "migrate is on or off"],
    ["postgres://db/x?search=false", "search is on or off"],
    ["postgres://db/x?search=", "search is on or off"],
    ["postgres://db/x?search=off&search=on", "it gives search twice"],
    ["postgres://db/x?pool=1&pool=2", "it gives pool twice"],
    ["postgres://db/x?schema=A%22B", "schema has to begin with a letter"],
    ["postgres://me:%zz@db/x", "the percent-encoding of the password is broken"],
  ])("%s is refused", (url, reason) => {
    expect(() => parsePostgresUrl(url.replace("//db", "//me:secret@db"))).toThrow(
      expect.objectContaining({ code: "invalid_input", message: expect.stringContaining(reason) }),
    );
    expect(() => parsePostgresUrl(url.replace("//db", "//me:secret@db"))).not.toThrow(/secret/);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonValue } from "../src/index.ts";
import { findInText, findingsOf, mapJson, type Redaction, Redactor } from "../src/redaction.ts";

const found = (text: string) =>
  findInText(text).map(({ kind, name, start, end }) => `${kind}, ${name}: ${text.slice(start, end)}`);
// Put together here, so that nobody who looks through this repository takes them for real ones.
const letters = (count: number) => "a1B2c3D4".repeat(Math.ceil(count / 8)).slice(0, count);
const GITHUB = `ghp_${letters(36)}`;
const SECRETS: readonly (readonly [name: string, secret: string])[] = [
  ["token of GitHub", GITHUB],
  ["token of GitHub", `github_pat_${letters(60)}`],
  ["key of AWS", `AKIA${"ABCD1234".repeat(2)}`],
  ["key of a model's API", `sk-ant-${letters(40)}`],
  ["key of a model's API", `gsk_${letters(52)}`],
  ["JSON Web Token", `eyJ${"hbGciOi".repeat(3)}.${"eyJzdWIi".repeat(3)}.${"SflKxwRJ".repeat(3)}`],
  [
    "private key",
    `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${"QUJD\n".repeat(20)}-----END RSA PRIVATE KEY-----`,
  ],
  ["token of Slack", `xoxb-${"1234567890-".repeat(3)}ab`],
  ["key of Google", `AIza${"Sy_-4".repeat(7)}`],
  ["token of npm", `npm_${letters(36)}`],
  ["token of GitLab", `glpat-${letters(20)}`],
  ["token of Hugging Face", `hf_${letters(34)}`],
  ["key of Stripe", `sk_live_${letters(24)}`],
  ["token of PyPI", `pypi-${letters(80)}`],
  ["token of Databricks", `dapi${"0123456789abcdef".repeat(2)}`],
  ["token of DigitalOcean", `dop_v1_${"0123456789abcdef".repeat(4)}`],
  ["token of Docker", `dckr_pat_${letters(27)}`],
  ["token of Figma", `figd_${letters(40)}`],
  ["token of Grafana", `glsa_${letters(32)}_0123abcd`],
  ["token of Vault", `hvs.${letters(40)}`],
  ["key of Linear", `lin_api_${letters(40)}`],
  ["token of Notion", `ntn_${letters(46)}`],
  ["key of SendGrid", `SG.${letters(22)}.${letters(43)}`],
  ["token of Shopify", `shpat_${"0123456789abcdef".repeat(2)}`],
  ["key of Tailscale", `tskey-auth-${letters(17)}-${letters(32)}`],
  ["token of Telegram", `1234567890:AA${letters(33)}`],
  ["key of age", `AGE-SECRET-KEY-1${"QPZRY9X8".repeat(8).slice(0, 58)}`],
  ["address of a webhook", `https://hooks.slack.com/services/T0AAAA/B0BBBB/${letters(24)}`],
];

describe("what is found in a text", () => {
  test.each(SECRETS)("%s, also in the midst of other text", (name, secret) => {
    // An address is also told as one.
    const secretsIn = (text: string) => found(text).filter((each) => each.startsWith("secret"));
    expect(secretsIn(`before "${secret}", after`)).toEqual([`secret, ${name}: ${secret}`]);
    expect(secretsIn(`KEY=${secret}`)).toEqual([`secret, ${name}: ${secret}`]);
    expect(new Redactor().text(`x ${secret}\n`)).toBe(`x [redacted: ${name} 1]\n`);
  });

  test("secrets by what stands around them", () => {
    expect(found("Authorization: Bearer abcdef0123456789XYZ==")).toEqual([
      "secret, bearer token: abcdef0123456789XYZ==",
    ]);
    expect(found("Authorization: Basic dXNlcjpwYXNz")).toEqual(["secret, basic authorization: dXNlcjpwYXNz"]);
    expect(found("DB_PASSWORD='hunter2hunter2'; x")).toEqual(["secret, secret by its name: hunter2hunter2"]);
    expect(found(JSON.stringify('PASSWORD="hunter2hunter2"'))).toEqual([
      "secret, secret by its name: hunter2hunter2",
    ]);
    expect(found('{"db_password": "correct horse, battery"}')).toEqual([
      "secret, secret by its name: correct horse, battery",
    ]);
    expect(found(JSON.stringify('{"db_password":"correct horse, battery"}'))).toEqual([
      "secret, secret by its name: correct horse, battery",
    ]);
    expect(found("postgres://app:s3cr3t@db.example.org/x")).toEqual([
      "secret, password in an address: s3cr3t",
      "host, host of an address: db.example.org",
    ]);
  });

  test("addresses, homes and machines; ordinary text is left alone", () => {
    expect(found("ask jane.doe+x@mail.example.org, in /home/jane/work or C:\\Users\\Jane Doe\\x")).toEqual([
      "email, e-mail address: jane.doe+x@mail.example.org",
      "home, home folder: /home/jane",
      "home, home folder: C:\\Users\\Jane",
    ]);
    expect(found("file:///Users/jane/a, ssh build.corp, 10.0.12.7, https://example.org:8080/a")).toEqual([
      "home, home folder: /Users/jane",
      "host, name of a machine: build.corp",
      "host, address of a machine: 10.0.12.7",
      "host, host of an address: example.org",
    ]);
    const ordinary =
      "http://localhost:4664/ 127.0.0.1 v1.2.3 1.2.3.4.5 src/home/x @thulp/core a@b sk-short sk-spinner-with-many-circles tokens: 12 skill_execution 0190a3c5-0000-7000-8000-000000000000 passwordless";
    expect(found(ordinary)).toEqual([]);
  });

  test("takes time in proportion to the text, whatever is in it", () => {
    const pieces = [
      "eyJ",
      "-----BEGIN PRIVATE KEY-----",
      "a@",
      "a.",
      "://a:",
      "password=",
      'password":"',
      'password\\":\\"',
      "sk-",
      "/home/",
      "1.",
      "A",
      "x-",
      "Authorization: Basic ",
    ];
    for (const piece of pieces) {
      const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
      const start = performance.now();
      findInText(text);
      // Quadratic time would be hours; this is no measurement.
      expect(performance.now() - start, piece).toBeLessThan(20_000);
    }
  });
});

describe("a redaction", () => {
  test("gives one mark for one secret, says what and where, and never the secret", () => {
    const told: Redaction[] = [];
    const redactor = new Redactor({ onRedaction: (each) => told.push(each) });
    const entry = {
      entryType: { type: "tool_call" as const, toolName: "curl", success: true },
      content: {
        [GITHUB]: 1,
        list: [{ text: `use ${GITHUB} and ${GITHUB}` }],
        apiKey: "looks-like-nothing",
        password: GITHUB,
      },
    };
    expect(redactor.entry(entry)).toEqual({
      ...entry,
      content: {
        "[redacted: token of GitHub 1]": 1,
        list: [{ text: "use [redacted: token of GitHub 1] and [redacted: token of GitHub 1]" }],
        apiKey: "[redacted: secret by its name 2]",
        password: "[redacted: token of GitHub 1]",
      },
    });
    expect(told.map(({ name, path }) => `${name}: ${path}`)).toEqual([
      "token of GitHub: content",
      "token of GitHub: content.list[0].text",
      "token of GitHub: content.list[0].text",
      "secret by its name: content.apiKey",
      "token of GitHub: content.password",
    ]);
    expect(JSON.stringify(told)).not.toContain(GITHUB);
    const keyed = new Redactor({ tell: () => "0f0f" });
    expect(keyed.metadata({ name: GITHUB, tags: [GITHUB], sessionType: { type: "agent" } } as never)).toEqual(
      {
        name: "[redacted: token of GitHub 0f0f]",
        tags: ["[redacted: token of GitHub 0f0f]"],
        sessionType: { type: "agent" },
      },
    );
  });

  test("leaves what only stands where a secret would", () => {
    const redactor = new Redactor();
    for (const text of [
      "const password = request.body.password;",
      "apiKey: string, secret: required",
      "password=$PASSWORD api_key=$API_KEY1 access_token=<your token 1> secret=********",
      "api_key = process.env.OPENAI_KEY_2",
      "Bearer authentication-is-used, basic internationalization",
      "https://user:$TOKEN@github.com/",
      '{"password": "string"}',
      'accessToken: getToken("main1")',
      "someone@example.org in /home/jane at 10.0.12.7",
    ])
      expect(redactor.text(text)).toBe(text);
    const value = { password: "$PASSWORD", secret: "<none>", apiKey: "your-api-key", token: "abc" };
    expect(redactor.json(value)).toBe(value);
  });

  test("drops the text of a record in which there was a secret: it may say it in another way", () => {
    const content = {
      source: { agent: "a" },
      record: { key: GITHUB },
      raw: `{ "key": "\\u0067${GITHUB.slice(1)}" }`,
    };
    const entry = { entryType: { type: "user_message" as const }, content };
    expect(new Redactor().entry(entry).content).toEqual({
      source: { agent: "a" },
      record: { key: "[redacted: token of GitHub 1]" },
    });
    const plain = { ...entry, content: { record: { n: 1 }, raw: '{ "n": 1 }' } };
    expect(new Redactor().entry(plain)).toEqual(plain);
  });

  test("leaves no secret behind, and changes nothing when it is done again", () => {
    const part = fc.oneof(
      fc.constantFrom(...SECRETS.map(([, secret]) => secret)),
      fc.string(),
      fc.constantFrom(" ", '"', "\n", "=", ":", "password=", '{"password":"', "Bearer ", "://a:", "@b"),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.constantFrom(" ", ""), (parts, between) => {
        const text = parts.join(between);
        const redacted = new Redactor().text(text);
        expect(new Redactor({ tell: () => "again" }).text(redacted)).toBe(redacted);
        if (between === " ") for (const [, secret] of SECRETS) expect(redacted).not.toContain(secret);
      }),
    );
  });
});

test("mapping loses nothing where two keys become one, and keeps what is not changed as it is", () => {
  const mapped = mapJson({ a: 1, b: 2, c: 3 }, (text) => (text === "c" ? "c" : "x"));
  expect(mapped).toEqual({ x: 1, "x'": 2, c: 3 });
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(mapJson(value as JsonValue, (text) => text)).toBe(value);
    }),
  );
  const proto = mapJson(JSON.parse(`{"__proto__": "a@example.org"}`), () => "x");
  expect(JSON.stringify(proto)).toBe('{"x":"x"}');
  expect(findingsOf("looks-like-nothing", "apiKey")).toMatchObject([{ name: "secret by its name" }]);
});

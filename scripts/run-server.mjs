// Runs the server as a child that has this process's terminal, and ends with it.
import { spawn } from "node:child_process";
import process from "node:process";

/**
 * A Ctrl-C reaches the whole group of processes, npm, this one and the server; npm passes it on besides; a
 * supervisor sends it to one of them alone. So no signal is passed on: it would be a second one to the
 * server, which then does not wait for the requests under way. It is sent a message instead, which asks it
 * to stop and may come again. When this process is gone, it stops too.
 */
export function runServer(file, args, env) {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env,
  });
  const stop = () => child.connected && child.send("stop", () => {});
  child.send("stop with me", () => {});
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, stop);
  if (env.npm_lifecycle_event) stopWithNpm(stop);
  child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

/** Npm, or a shell in between that passes no signal on: when it is gone, somebody has ended npm. */
function stopWithNpm(stop) {
  const starter = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === starter) return;
    clearInterval(watch);
    stop();
  }, 250);
  watch.unref();
}

import { type Config, FLAGS, parseStoreUrl, runningServerToken } from "@thulp-sessions/config";
import type { AnyCommand } from "../command/any-command.ts";
import type { Context } from "../command/context.ts";
import { examples, newCommand } from "../command/new-command.ts";
import { openInBrowser } from "../terminal/browser.ts";
import { Failure, usage } from "../terminal/exit.ts";
import { askForCode } from "../viewer/ask-for-code.ts";
import { idAtServer } from "../viewer/id-at-server.ts";

export function command(context: Context): AnyCommand {
  return newCommand("open")
    .argument("[id]", "a session, or the beginning of its id")
    .description(
      "Opens the page of a running server in the browser, where one can look at sessions. Where the server has a token, the address lets the page in, once, within ten minutes; the page may only look.",
    )
    .option("--host <host>", "where the server listens (127.0.0.1)")
    .option("--port <port>", "(4664)")
    .option("--print", "only print the address")
    .addHelpText("after", examples("open", "open 0190a3c5", "open --print --store http://127.0.0.1:4664"))
    .action(async (typed, { host, port, print }) => {
      const config = await context.config({ host, port });
      const server = serverOf(config);
      const token = runningServerToken(config);
      const code = await askForCode(server, token);
      const path = typed === undefined ? "/" : `/s/${await idAtServer(server, token, typed)}`;
      const address = `${server}${path}`;
      const whole = code === null ? address : `${address}#c=${code}`;
      if (print) return context.io.line(whole);
      const problem = await openInBrowser(whole, process.platform);
      if (problem === null) return context.io.line(`Opened ${address}`);
      await context.io.line(whole);
      throw new Failure(`No browser could be opened (${problem}): open the address above in one.`);
    });
}

/** The server that the store is, else the one that listens where the configuration says. */
function serverOf({ store, base, host, port }: Config): string {
  const location = parseStoreUrl(store, base);
  if (location.kind === "http") return location.url;
  if (port === 0)
    throw usage(`${FLAGS.port} 0 is any port that was free: give the one that the server has printed.`);
  // Where it listens on every address, it is reached on this machine's own.
  if (host === "0.0.0.0" || host === "::") return `http://127.0.0.1:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

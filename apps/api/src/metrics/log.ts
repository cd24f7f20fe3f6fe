import type { LogLevel } from "@thulp-sessions/config";
import { visibleJson } from "@thulp-sessions/core/text";
import { type DestinationStream, destination, type Logger, pino } from "pino";

export type { Logger } from "pino";

/**
 * Structured lines on stderr. `info`: that the server started and stopped, what it is warned of, and errors
 * that are its own; `debug`: every request, too. Never what entries hold, nor tokens.
 */
export function createLogger(level: LogLevel = "info", to: DestinationStream = stderrLines()): Logger {
  const timestamp = () => `,"time":"${new Date().toISOString()}"`;
  // A person may read it on a terminal; the JSON means the same.
  return pino({ level, base: null, timestamp, hooks: { streamWrite: visibleJson } }, to);
}

/** A server goes on where its log cannot be written: a full disk, a terminal that was closed. */
function stderrLines(): DestinationStream {
  const to = destination({ dest: 2, sync: true });
  to.on("error", () => {});
  return to;
}

/** For tests and for hosts that want none. */
export function silentLogger(): Logger {
  return pino({ level: "silent" });
}

import type { LogLevel } from "@thulp-sessions/config";
import { type DestinationStream, destination, type Logger, pino } from "pino";

export type { Logger } from "pino";

/**
 * Structured lines on stderr. `info`: that the server started and stopped, what it is warned of, and errors
 * that are its own; `debug`: every request, too. Never what entries hold, nor tokens.
 */
export function createLogger(
  level: LogLevel = "info",
  to: DestinationStream = destination({ dest: 2, sync: true }),
): Logger {
  return pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, to);
}

/** For tests and for hosts that want none. */
export function silentLogger(): Logger {
  return pino({ level: "silent" });
}

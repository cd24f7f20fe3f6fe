import { type DestinationStream, destination, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Structured lines on stderr: that the server started and stopped, what it is warned of, and errors that are its own. */
export function createLogger(to: DestinationStream = destination({ dest: 2, sync: true })): Logger {
  return pino({ base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, to);
}

/** For tests and for hosts that want none. */
export function silentLogger(): Logger {
  return pino({ level: "silent" });
}

export { type CommandProcess, run, serve } from "./command/run.ts";
export { createLogger, type Logger } from "./metrics/log.ts";
export { type RunningServer, type ServerOptions, startServer } from "./server.ts";

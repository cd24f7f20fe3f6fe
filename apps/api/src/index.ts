export { createLogger, type Logger } from "./log.ts";
export { type CommandProcess, run } from "./run.ts";
export { type RunningServer, type ServerOptions, startServer } from "./server.ts";

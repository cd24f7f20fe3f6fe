export { type CommandProcess, run, serve } from "./command/run.ts";
export { createLogger, type Logger } from "./metrics/log.ts";
export { type RunningServer, type ServedViewer, type ServerOptions, startServer } from "./server.ts";
export {
  type FastifyLike,
  type FastifyReplyLike,
  type FastifyRequestLike,
  type ViewerFiles,
  type ViewerFilesOptions,
  viewerFiles,
} from "./viewer/viewer-files.ts";

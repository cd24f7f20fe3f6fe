// What a session's file is written with, as text and without a disk: also for browsers.
export { CLOSING as FILE_CLOSING } from "./file-text/layout.ts";
export { newFileEntry, newFileHeader } from "./file-text/new-file.ts";

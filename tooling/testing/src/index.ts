export { CHROMIUM } from "./chromium.ts";
export { type Ended, type Program, type ProgramOptions, startNode, startProgram } from "./program.ts";
export { SERVER, type ServerProgram, startServerProgram } from "./server.ts";
export { tempFolder } from "./temp-folder.ts";

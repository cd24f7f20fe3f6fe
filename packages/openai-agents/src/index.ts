export { ThulpSession, type ThulpSessionOptions } from "./thulp-session.ts";

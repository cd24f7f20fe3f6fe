// `@thulp-sessions/core/redaction`: what may be nobody else's business in a session, found and replaced. The
// one place for how it is recognised, for programs and pages alike; imports next to nothing.
export { FINDING_KINDS, type FindingKind } from "./redaction/detectors.ts";
export { findInText, findingsOf, type TextFinding } from "./redaction/find-in-text.ts";
export { type MapText, mapEntry, mapJson, mapMetadata, type TextPath } from "./redaction/map-texts.ts";
export { type Redaction, Redactor, type RedactorOptions } from "./redaction/redactor.ts";

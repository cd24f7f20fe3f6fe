export { AssertionError } from "./assert.ts";
export { conformanceCases } from "./cases.ts";
export type { ConformanceCase, Subject, SubjectFactory } from "./conformance-case.ts";

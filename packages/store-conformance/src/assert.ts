import { isSessionError, type SessionError, type SessionErrorCode } from "@thulp-sessions/core";

/** What a case throws when a store does not do what the contract says. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

export function fail(message: string): never {
  throw new AssertionError(message);
}

export function ok(condition: unknown, message: string): asserts condition {
  if (!condition) fail(message);
}

/** The same primitive; `-0` is not `0`. */
export function equal<T>(actual: T, expected: T, what: string): void {
  if (!Object.is(actual, expected)) fail(`${what}: expected ${show(expected)}, got ${show(actual)}`);
}

/**
 * The same plain data: an own key whose value is `undefined` is a key, `-0` is not `0`, the order of keys is
 * free.
 */
export function deepEqual(actual: unknown, expected: unknown, what: string): void {
  const difference = firstDifference(actual, expected, "");
  if (difference) fail(`${what}: ${difference}`);
}

/**
 * The call has to be rejected with a {@link SessionError} of this code; gives the error. It is a function so
 * that a throw before any promise is seen as what it is.
 */
export async function rejects(
  call: () => Promise<unknown>,
  code: SessionErrorCode,
  what: string,
): Promise<SessionError> {
  let promise: Promise<unknown>;
  try {
    promise = call();
  } catch (error) {
    fail(`${what}: threw instead of giving a promise that rejects: ${String(error)}`);
  }
  ok(typeof promise?.then === "function", `${what}: gave no promise`);
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (!isSessionError(error)) fail(`${what}: expected a SessionError ${code}, got ${String(error)}`);
    if (error.code !== code) fail(`${what}: expected the code ${code}, got ${error.code} (${error.message})`);
    return error;
  }
  fail(`${what}: expected ${code}, but the call succeeded with ${show(value)}`);
}

function firstDifference(actual: unknown, expected: unknown, path: string): string | null {
  if (Object.is(actual, expected)) return null;
  if (!isObject(actual) || !isObject(expected) || Array.isArray(actual) !== Array.isArray(expected))
    return `${path === "" ? "" : `at ${path}: `}expected ${show(expected)}, got ${show(actual)}`;
  if (Array.isArray(actual) && Array.isArray(expected)) {
    for (let i = 0; i < Math.min(actual.length, expected.length); i++) {
      const difference = firstDifference(actual[i], expected[i], `${path}[${i}]`);
      if (difference) return difference;
    }
    if (actual.length === expected.length) return null;
    return `${path === "" ? "" : `at ${path}: `}expected ${expected.length} items, got ${actual.length}: ${show(actual)}`;
  }
  for (const key of Object.keys(expected)) {
    if (!Object.hasOwn(actual, key))
      return `at ${path}.${key}: expected ${show(expected[key])}, got no such key`;
    const difference = firstDifference(actual[key], expected[key], `${path}.${key}`);
    if (difference) return difference;
  }
  const extra = Object.keys(actual).find((key) => !Object.hasOwn(expected, key));
  return extra === undefined ? null : `at ${path}.${extra}: expected no such key, got ${show(actual[extra])}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function show(value: unknown): string {
  let text: string;
  try {
    text = Object.is(value, -0) ? "-0" : (JSON.stringify(value) ?? String(value));
  } catch {
    text = String(value);
  }
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;
}

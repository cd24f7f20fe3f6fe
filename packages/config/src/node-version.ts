// Imports nothing, and is a module of its own: a command asks it before it loads what an older Node may not
// even read.

/** The first version that is supported; the same as `engines` says. */
const [MAJOR, MINOR] = [20, 19] as const;

/** What is wrong with this Node, for a person; undefined when it will do. */
export function nodeProblem(version: string = process.versions.node): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > MAJOR || (major === MAJOR && minor >= MINOR)) return undefined;
  return `Node ${version} is too old: thulp-sessions needs Node ${MAJOR}.${MINOR} or newer.`;
}

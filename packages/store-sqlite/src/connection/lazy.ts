/**
 * Gives what `make` makes, which it makes when it is asked for the first time. A process that only lists sessions or shows one has no use for
 * most statements, and to build and prepare those of drizzle takes a good part of opening a store.
 */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

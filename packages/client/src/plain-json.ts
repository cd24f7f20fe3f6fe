/** Everything that goes over the wire is plain JSON already; the router names the same transformer. */
export const plainJson = {
  serialize: (value: unknown) => value,
  deserialize: (value: unknown) => value,
};

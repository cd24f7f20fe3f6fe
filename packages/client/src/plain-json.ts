/** What is sent and received is plain JSON, which needs no transformer; the router has the same one. */
export const plainJson = {
  serialize: (value: unknown) => value,
  deserialize: (value: unknown) => value,
};

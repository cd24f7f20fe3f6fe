// The adapters of @trpc/server for web frameworks are optional peers of it. The example that mounts the router
// has such frameworks; with them its @trpc/server would be another instance than the router's, which knows
// none of its marks (`tracked`), or the server would be installed with frameworks that it does not use.
//
// All peers of Vite are optional: other compilers and preprocessors, which some other package of this
// workspace always has, and with which `npm start` would be installed, since Vite builds its page.
//
// drizzle-orm would be another instance with the optional peer for tracing that the AI SDK, for tests only, has.
module.exports = {
  hooks: {
    readPackage(manifest) {
      if (manifest.name === "vite") return { ...manifest, peerDependencies: {}, peerDependenciesMeta: {} };
      if (manifest.name === "drizzle-orm") {
        const { "@opentelemetry/api": _, ...peerDependencies } = manifest.peerDependencies;
        const { "@opentelemetry/api": __, ...peerDependenciesMeta } = manifest.peerDependenciesMeta;
        return { ...manifest, peerDependencies, peerDependenciesMeta };
      }
      if (manifest.name !== "@trpc/server") return manifest;
      const { typescript } = manifest.peerDependencies;
      return { ...manifest, peerDependencies: { typescript }, peerDependenciesMeta: {} };
    },
  },
};

// The adapters of @trpc/server for web frameworks are optional peers of it. The example that mounts the router
// has such frameworks; with them its @trpc/server would be another instance than the router's, which knows
// none of its marks (`tracked`), or the server would be installed with frameworks that it does not use.
module.exports = {
  hooks: {
    readPackage(manifest) {
      if (manifest.name !== "@trpc/server") return manifest;
      const { typescript } = manifest.peerDependencies;
      return { ...manifest, peerDependencies: { typescript }, peerDependenciesMeta: {} };
    },
  },
};

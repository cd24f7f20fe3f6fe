import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const names = {
  entryFileNames: "assets/[name].[hash].js",
  chunkFileNames: "assets/[name].[hash].js",
  assetFileNames: "assets/[name].[hash][extname]",
};

export default defineConfig({
  // The page may be served within another application: its files find each other by where they are.
  base: "./",
  plugins: [themeScript(), settingsPreload()],
  build: {
    // Small files as `data:` URLs would fall to the Content-Security-Policy.
    assetsInlineLimit: 0,
    // What the files are made of asks that its licences go with them. Not "licenses": pnpm would take it for
    // the licence of the package that it lies in, and leave ours out.
    license: { fileName: "third-party-notices.txt" },
    modulePreload: { polyfill: false },
    rolldownOptions: { output: names },
  },
  worker: { format: "es", rolldownOptions: { output: names } },
  resolve: { alias: { react: "preact/compat", "react-dom": "preact/compat" } },
});

/**
 * The chosen theme has to be known before anything is drawn, and nothing may stand in the page itself: a
 * script of its own that is waited for. Vite leaves such a script as it is, without a hash in its name.
 */
function themeScript(): Plugin {
  const source = readFileSync(fileURLToPath(new URL("theme.js", import.meta.url)), "utf8");
  const hash = createHash("sha256").update(source).digest("hex").slice(0, 8);
  const fileName = `assets/theme.${hash}.js`;
  return {
    name: "theme-script",
    configureServer(server) {
      server.middlewares.use(`/${fileName}`, (_, response) => {
        response.setHeader("content-type", "text/javascript");
        response.end(source);
      });
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName, source });
    },
    transformIndexHtml: () => [{ tag: "script", attrs: { src: `./${fileName}` }, injectTo: "head-prepend" }],
  };
}

/** Nothing is asked of the server before its settings are known: they are fetched with the scripts. */
function settingsPreload(): Plugin {
  const attrs = { rel: "preload", as: "fetch", crossorigin: true, href: "/viewer/settings" };
  return { name: "settings-preload", transformIndexHtml: () => [{ tag: "link", attrs, injectTo: "head" }] };
}

import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

// The set-up builds from the top of the project: an entry is named by where it is, not by where the build runs.
const entry = (name: string) => fileURLToPath(new URL(name, import.meta.url));

// The address of a running server, for `npm run dev`. It only answers to its own origin.
const server = process.env.NEWSWAKE_PAGE_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // nothing as data: addresses
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2_000, // the API's description is one large chunk of its own
    rollupOptions: { input: { index: entry("index.html"), docs: entry("docs.html") } },
  },
  server: { proxy: { "/api": { target: server, ws: true, changeOrigin: true, headers: { origin: server } } } },
});

import { defineConfig } from "vite";

// The address of a running server, for `npm run dev`. It only answers to its own origin.
const server = process.env.NEWSWAKE_PAGE_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // nothing as data: addresses
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2_000, // the API's description is one large chunk of its own
    rollupOptions: { input: { index: "index.html", docs: "docs.html" } },
  },
  server: { proxy: { "/api": { target: server, ws: true, changeOrigin: true, headers: { origin: server } } } },
});

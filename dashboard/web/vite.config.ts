import { defineConfig } from "vite";

// The address of a running server, for `npm run dev`.
const server = process.env.NEWSWAKE_PAGE_SERVER ?? "http://127.0.0.1:8780";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // nothing as data: addresses, which the Content-Security-Policy refuses
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": { target: server, ws: true } } },
});

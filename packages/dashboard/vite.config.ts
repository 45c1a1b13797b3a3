import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig, type Plugin } from "vite";
import { routes } from "./src/routes.ts";

/** The server's room for it, so that whoever has the server has the pages. */
const output = fileURLToPath(new URL("../server/src/dashboard/built", import.meta.url));

/** Tells the server which addresses are pages: it answers those, and no other, with index.html. */
const pageAddresses = (): Plugin => ({
  name: "page-addresses",
  generateBundle() {
    const paths = routes.map(({ path }) => path);
    this.emitFile({ type: "asset", fileName: "paths.json", source: JSON.stringify(paths) });
  },
});

/** Lays compressed copies beside what compresses, so that the server never has to. */
const precompressed = (): Plugin => ({
  name: "precompressed",
  apply: "build",
  closeBundle() {
    const assets = join(output, "assets");
    for (const name of readdirSync(assets)) {
      const path = join(assets, name);
      if (!/\.(js|css|svg)$/.test(name) || statSync(path).size < 1_024) continue;
      const bytes = readFileSync(path);
      writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
      writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
    }
  },
});

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react(), pageAddresses(), precompressed()],
  resolve: { conditions: ["source", ...defaultClientConditions] },
  // The server puts one of its own in the place of it for each answer.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    outDir: output,
    emptyOutDir: true,
    // Data addresses would need a policy that allows them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080", "/live": "http://127.0.0.1:8080" } },
});

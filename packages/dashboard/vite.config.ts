import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { type Selector, transform } from "lightningcss";
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

/** How the library of components names the classes of its parts. */
const partClass = /\bm_[0-9a-f]{5,}\b/g;

/**
 * Leaves out the styles of components that no page has: the library's sheet is for all that it offers, and the first page waits
 * for it. A class that stands in no script can be on no element.
 */
const usedStyles = (): Plugin => ({
  name: "used-styles",
  generateBundle(_, bundle) {
    const files = Object.values(bundle);
    const scripts = files.map((file) => (file.type === "chunk" ? file.code : "")).join("\n");
    const used = new Set(scripts.match(partClass));
    const isUnused = (selector: Selector): boolean =>
      selector.some(
        (part) =>
          (part.type === "class" && part.name.match(partClass) !== null && !used.has(part.name)) ||
          (part.type === "pseudo-class" &&
            (part.kind === "where" || part.kind === "is") &&
            part.selectors.every(isUnused)),
      );
    for (const file of files) {
      if (file.type !== "asset" || !file.fileName.endsWith(".css")) continue;
      const { code } = transform({
        filename: file.fileName,
        code: Buffer.from(file.source),
        minify: true,
        visitor: {
          Rule: {
            style({ type, value }) {
              const selectors = value.selectors.filter((selector) => !isUnused(selector));
              if (selectors.length === value.selectors.length) return undefined;
              return selectors.length === 0 ? [] : { type, value: { ...value, selectors } };
            },
          },
        },
      });
      file.source = code;
    }
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
  plugins: [react(), pageAddresses(), usedStyles(), precompressed()],
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

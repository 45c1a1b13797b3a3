#!/usr/bin/env node
// Starts the command line. Plain JavaScript, so that a Node too old to run the rest can at least say so.
import { existsSync, readFileSync } from "node:fs";
import * as module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";

const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 24) {
  process.stderr.write(
    `cost-ops needs Node 24 or newer; this is Node ${process.versions.node}. In the repository "npx cost-ops" brings its own.\n`,
  );
  process.exit(1);
}

const argument = process.argv[2];
if (process.argv.length === 3 && (argument === "--version" || argument === "-V")) {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  process.stdout.write(`${manifest.version}\n`);
  process.exit(0);
}

// V8 learns the bounds of its heap at the start only, and left alone it lets hundreds of megabytes of garbage gather. The
// variable, unlike the call below, keeps the compiler of TypeScript out of every thread's memory too: 30 MB.
const heapFlags = {
  import: ["--max-semi-space-size=4", "--max-old-space-size=128"],
  server: ["--max-semi-space-size=4", "--max-old-space-size=1024"],
};
const command = process.argv.slice(2).find((word) => Object.hasOwn(heapFlags, word));
if (command !== undefined && process.execve !== undefined && process.execArgv.length === 0) {
  process.execve(
    process.execPath,
    [process.execPath, "--disable-warning=ExperimentalWarning", ...heapFlags[command], ...process.argv.slice(1)],
    { NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache"), ...process.env },
  );
}

if (command === "server") {
  // The flag holds for every thread that starts from here on, whatever bounds it is given: those read bodies.
  setFlagsFromString("--max-semi-space-size=16");
  // Threads that work on megabytes of bodies would look through their heap eight times a second, for little.
  setFlagsFromString("--heap-growing-percent=300");
}

module.enableCompileCache();
const fromSource = existsSync(new URL("../src/main.ts", import.meta.url));
if (fromSource) {
  // In the repository the packages resolve to each other's TypeScript.
  module.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, "source"] }),
  });
  process.removeAllListeners("warning");
}
const { main } = await import(fromSource ? "../src/main.ts" : "../dist/main.js");
process.exitCode = await main(process.argv.slice(2));

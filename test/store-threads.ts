/**
 * The stores' threads, built into one file each for servers that run in the process of a test. A run starts a thousand of
 * them, and to find and link its three hundred sources takes a thread three times as long as all the rest of its start.
 * Servers that are processes of their own start their threads from the sources, as users do.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const prefix = "cost-ops-store-threads-";
const dayMs = 24 * 3_600_000;
const threads = [
  "sqlite/store-thread",
  "sqlite/reader-thread",
  "sqlite/writer-thread",
  "usage/append-thread.postgres",
  "costs/question-thread.postgres",
];

/** Builds them where they are not yet built of the same sources, and gives the folder that they lie in. */
export async function buildStoreThreads(): Promise<string> {
  const hash = createHash("sha256")
    .update(root)
    .update(readFileSync(fileURLToPath(import.meta.url)));
  const sources = globSync("packages/{core,contract,server}/src/**/*.ts", { cwd: root });
  for (const path of sources.filter((name) => !name.endsWith(".test.ts")).sort()) {
    hash.update(`\n${path}\n`).update(readFileSync(join(root, path)));
  }
  // A folder is taken only on the day in its name: by the day after the next no run uses it, and each may remove it.
  const today = Math.floor(Date.now() / dayMs);
  const ofToday = join(tmpdir(), `${prefix}${today}-`);
  const folder = `${ofToday}${hash.digest("hex").slice(0, 20)}`;
  if (existsSync(folder)) return folder;
  for (const name of readdirSync(tmpdir()).filter((one) => one.startsWith(prefix))) {
    // Names without a day are of other versions, whose runs may use theirs.
    const day = /^(\d+)-/.exec(name.slice(prefix.length))?.[1];
    if (day !== undefined && Number(day) < today - 1) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  const made = mkdtempSync(ofToday);
  await build({
    configFile: false,
    root,
    logLevel: "warn",
    resolve: { conditions: ["source"] },
    ssr: { noExternal: [/^@llm-cost-ops\//], resolve: { conditions: ["source"] } },
    build: {
      ssr: true,
      target: "node24",
      minify: false,
      outDir: made,
      emptyOutDir: false,
      rolldownOptions: {
        input: Object.fromEntries(
          threads.map((path) => [basename(path), join(root, `packages/server/src/${path}.ts`)]),
        ),
        // The ending tells a thread that what it loads later, the contract, is there as sources.
        output: { entryFileNames: "[name].ts", chunkFileNames: "[name]-[hash].ts" },
      },
    },
  });
  writeFileSync(join(made, "package.json"), '{"type":"module"}');
  symlinkSync(join(root, "node_modules"), join(made, "node_modules"));
  try {
    renameSync(made, folder);
  } catch (error) {
    // Another run was faster.
    if (!existsSync(folder)) throw error;
    rmSync(made, { recursive: true });
  }
  return folder;
}

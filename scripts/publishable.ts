/**
 * Makes the package in the current folder what should be packed, and undoes it: `node publishable.ts prepare|restore`.
 * The manifest loses the condition `source`, which only this repository can resolve, and its scripts; the licence of the
 * repository is laid beside it. npm runs this around every pack.
 */
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const manifest = "package.json";
const kept = "package.json.in-repository";
const license = "LICENSE";

function restore(): void {
  if (!existsSync(kept)) return;
  renameSync(kept, manifest);
  rmSync(license, { force: true });
}

function prepare(): void {
  // What an interrupted pack left behind.
  restore();
  copyFileSync(manifest, kept);
  const { scripts: _scripts, ...content } = JSON.parse(readFileSync(manifest, "utf8")) as {
    exports?: Record<string, Record<string, string>>;
    scripts?: unknown;
  };
  for (const conditions of Object.values(content.exports ?? {})) delete conditions["source"];
  writeFileSync(manifest, `${JSON.stringify(content, null, 2)}\n`);
  copyFileSync(fileURLToPath(new URL(`../${license}`, import.meta.url)), license);
}

const steps: Readonly<Record<string, () => void>> = { prepare, restore };
const step = steps[process.argv[2] ?? ""];
if (step === undefined) throw new Error("say prepare or restore");
step();

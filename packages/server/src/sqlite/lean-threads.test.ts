import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

/** Lists every module that the registry loads, as a store thread does at its start. */
const listModules = `
  const { registerHooks } = await import("node:module");
  const loaded = [];
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
  await import(${JSON.stringify(new URL("./registry.ts", import.meta.url).href)});
  console.log(loaded.join("\\n"));`;

it("store threads start without the validator and every other library: two of them must fit into little memory", () => {
  const args = ["--conditions=source", "--input-type=module", "--eval", listModules];
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 });
  const modules = stdout.trim().split("\n");
  expect(modules.length).toBeGreaterThan(20);
  expect(modules.filter((url) => /node_modules\/(?!@llm-cost-ops)/.test(url))).toEqual([]);
});

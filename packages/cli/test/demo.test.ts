/** The demonstration does what it says, for real, and leaves nothing behind. */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { workplace } from "./cost-ops.ts";

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("cost-ops-demo-"));

test("demo --once loads, summarises and cleans up", async () => {
  const place = workplace();
  const before = folders();
  try {
    const outcome = await place.runAlone(["demo", "--once", "--days", "20"]);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/by provider[\s\S]*top models[\s\S]*cost by day[\s\S]*times the median day/);
    expect(outcome.stdout).toMatch(/northwind-7b-chat have no price/);
    expect(outcome.stderr).toMatch(/through POST \/api\/v1\/usage\/batch/);
    expect(folders().filter((name) => !before.includes(name))).toEqual([]);
  } finally {
    place.remove();
  }
});

test("the commands that the demonstration names work as they are printed", async () => {
  const place = workplace();
  const demo = place.start(["demo", "--days", "12"]);
  try {
    const [, url = "", key = ""] = await demo.said(/export COST_OPS_API_URL=(\S+) COST_OPS_API_KEY=(\S+)/);
    const [printed = ""] = await demo.said(/cost-ops pricing add .*\n/);
    const text = (await demo.said(/export COST_OPS_API_URL[\s\S]*pricing add .*\n/))[0];
    const commands = text.split("\n").filter((line) => line.startsWith("cost-ops "));
    expect(commands).toHaveLength(3);
    expect(commands.at(-1)).toBe(printed.trim());
    for (const command of commands) {
      await place.ok(command.split(" ").slice(1), { env: { COST_OPS_API_URL: url, COST_OPS_API_KEY: key } });
    }
    expect((await demo.stop("SIGINT")).code).toBe(0);
  } finally {
    place.remove();
  }
});

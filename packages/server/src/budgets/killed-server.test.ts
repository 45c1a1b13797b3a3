import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BudgetStatus, Reservation } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { loadConfig } from "../config.ts";
import { type RunningServer, startServer } from "../start-server.ts";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";

const program = fileURLToPath(new URL("../main.ts", import.meta.url));
const folder = temporaryFolder();
const adminKey = `sk_test_${"b".repeat(43)}`;
let survivor: RunningServer;
let killed: ChildProcess;
let killedUrl: string;
beforeAll(async () => {
  const environment = {
    ...(await newDatabase(folder.path)),
    COST_OPS_ADMIN_KEY: adminKey,
    SERVER_PORT: "0",
    LOG_LEVEL: "error",
  };
  survivor = await startServer(loadConfig({ environment, workingFolder: folder.path, homeFolder: folder.path }));
  killed = spawn(process.execPath, ["--conditions=source", program], {
    cwd: folder.path,
    env: { PATH: process.env["PATH"], HOME: folder.path, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const chunk of killed.stdout ?? []) {
    const url = /(http:\/\/127\.0\.0\.1:\d+)/.exec(String(chunk))?.[1];
    if (url === undefined) continue;
    killedUrl = url;
    break;
  }
}, 120_000);
afterAll(async () => {
  killed.kill("SIGKILL");
  await survivor.close();
  folder.remove();
});

const ask = async (url: string, method: string, path: string, body?: unknown) => {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { data } = (await response.json()) as { readonly data: unknown };
  return { status: response.status, data };
};
const reserve = (url: string, amount: string, ttl_seconds = 600) =>
  ask(url, "POST", "/budgets/reservations", { amount, ttl_seconds });

it("what a killed process had reserved is free when it would have expired, and not before", async () => {
  const body = { name: "all", amount: "10", period: { kind: "month" }, enforcement: "hard" };
  const { data: budget } = (await ask(survivor.url, "POST", "/budgets", body)) as { data: { readonly id: string } };
  // The other process hears of the budget within a second.
  await vi.waitFor(async () => {
    const { data } = (await reserve(killedUrl, "0.01", 1)) as { data: Reservation };
    expect(data.budgets).toHaveLength(1);
  }, 10_000);
  const made: Reservation[] = [];
  for (let at = 0; at < 40; at += 1) made.push((await reserve(killedUrl, "0.1", 8)).data as Reservation);
  const settled = made.pop() as Reservation;
  const settle = (url: string, { id }: Reservation) =>
    ask(url, "POST", `/budgets/reservations/${id}/settle`, { cost: { amount: "0.05" } });
  expect((await settle(killedUrl, settled)).status).toBe(200);
  killed.kill("SIGKILL");
  await once(killed, "exit");

  const lastAtMs = Date.parse(made.at(-1)?.expires_at ?? "");
  // 0.05 are spent and 3.9 reserved; the rest goes to whoever asks, but for what was held in advance.
  const statuses: number[] = [];
  while (Date.now() < lastAtMs) {
    const { status } = await reserve(survivor.url, "6.06", 1);
    // The answer may have come after that.
    if (Date.now() < lastAtMs) statuses.push(status);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(new Set(statuses)).toEqual(new Set([402]));
  await vi.waitFor(async () => expect((await reserve(survivor.url, "9.95", 1)).status).toBe(201), 30_000);
  // Its reservations can be settled by whoever is there: what the call cost is recorded.
  const [first] = made as [Reservation];
  expect(await settle(survivor.url, first)).toMatchObject({ status: 200, data: { reservation: "expired" } });
  await vi.waitFor(async () => {
    const { data } = (await ask(survivor.url, "GET", `/budgets/${budget.id}/status`)) as { data: BudgetStatus };
    expect(data).toMatchObject({ spent: "0.1", reserved: "0", remaining: "9.9" });
  }, 30_000);
}, 120_000);

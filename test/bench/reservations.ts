import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Budget } from "@llm-cost-ops/contract";
import { createBudgetLeases } from "../../packages/server/src/budgets/budget-leases.sql.ts";
import type { BudgetLeases } from "../../packages/server/src/budgets/budget-leases.ts";
import { createBudgets } from "../../packages/server/src/budgets/budgets.sql.ts";
import { createLeasedReservations } from "../../packages/server/src/budgets/leased-reservations.ts";
import { SqliteAddress } from "../../packages/server/src/database-address.ts";
import { openStore } from "../../packages/server/src/open-store.ts";
import { startPostgres } from "../../packages/server/src/postgres/postgres-fixture.ts";
import { temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";
import { median, printFigure } from "./figures.ts";
import { ask, load, start, startServer } from "./running-server.ts";
import { usageEvents } from "./usage-events.ts";

const organizationId = "default";
const estimate = { provider: "openai", model: "gpt-4o", input_tokens: 1_000, max_output_tokens: 500 };
const plenty = { name: "plenty", amount: "1000000000", period: { kind: "month" }, enforcement: "hard" } as const;

/** Microseconds of a reservation and its end inside the process, at some ten thousand a second, and trips for each. */
async function inProcess(): Promise<{ readonly us: number; readonly trips: number }> {
  const folder = temporaryFolder();
  const store = await openStore({ database: new SqliteAddress(folder.file), databasePoolSize: 8 }, {});
  const budget = await createBudgets(store.store).create(
    { organizationId },
    {
      name: "plenty",
      description: "",
      amount: { unit: "money", picos: (10n ** 21n).toString(), currency: "USD" },
      period: { kind: "month" },
      scope: {},
      thresholds: [100],
      parentId: null,
      enforcement: "hard",
      hard: { atLimit: { action: "block" }, whenStoreIsAway: "refuse", unpriced: "refuse" },
    },
  );
  const real = createBudgetLeases(store.store);
  let trips = 0;
  const counted: BudgetLeases = {
    renew: (...args) => {
      trips += 1;
      return real.renew(...args);
    },
    recalls: (processId) => real.recalls(processId),
  };
  const reservations = createLeasedReservations({
    leases: counted,
    processId: "bench",
    clock: Date.now,
    chance: Math.random,
    sleep: (ms) => pause(ms),
  });
  const timer = setInterval(() => void reservations.maintain(), 250);
  const need = { budgetId: budget.id, quantity: 7_500_000_000n, beyond: "refuse", whenStoreIsAway: "refuse" } as const;
  const one = async (): Promise<void> => {
    const answer = await reservations.reserve({ organizationId, needs: [need], ttlMs: 600_000 });
    if (answer.kind !== "granted") throw new Error(answer.kind);
    reservations.end(answer.number, "settled");
  };
  const figures = { us: [] as number[], trips: 0, made: 0 };
  for (let tenth = 0; tenth < 60; tenth += 1) {
    // Of the first seconds the process learns how much it should hold.
    const isSteady = tenth >= 20;
    if (tenth === 20) trips = 0;
    const startedAt = performance.now();
    for (let made = 0; made < 1_000; made += 1) await one();
    if (isSteady) figures.us.push(performance.now() - startedAt);
    if (isSteady) figures.made += 1_000;
    await pause(Math.max(0, 100 - (performance.now() - startedAt)));
  }
  figures.trips = trips;
  clearInterval(timer);
  await reservations.close();
  await store.close();
  folder.remove();
  return { us: median(figures.us), trips: figures.trips / figures.made };
}

/** Reservations a second over real sockets, beside a bare server that answers the same body. */
async function overHttp(databaseUrl: string): Promise<{ readonly echo: number; readonly rate: number }> {
  const body = JSON.stringify(estimate);
  const round = { path: "/", requests: 40_000, recordsPerRequest: 1, connections: 16, depth: 16, body };
  const echo = await start("./http-echo.ts", [], {}, /^(\d+)\n/);
  const bare = await load(echo.port, round, 1);
  await echo.stop();
  const server = await startServer(databaseUrl);
  await ask(server.port, "POST", "/budgets", plenty);
  const reserve = { ...round, path: "/api/v1/budgets/reservations" };
  await load(server.port, { ...reserve, requests: 10_000 }, 1);
  const rate = await load(server.port, reserve, 1);
  await server.stop();
  return { echo: bare, rate };
}

/** Milliseconds from the answer to the usage that reaches a threshold to the webhook, while 5,000 events a second come. */
async function thresholdToWebhook(
  databaseUrl: string,
): Promise<{ readonly ms: readonly number[]; readonly rate: number }> {
  const arrived = new Map<string, number>();
  const receiver = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const { data } = JSON.parse(text) as {
      readonly data: { readonly budget?: { readonly id: string }; readonly budget_id?: string };
    };
    const id = data.budget_id ?? data.budget?.id;
    if (id !== undefined && !arrived.has(id)) arrived.set(id, performance.now());
    response.end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const { port: receiverPort } = receiver.address() as AddressInfo;
  const server = await startServer(databaseUrl, { WEBHOOK_ALLOWED_ADDRESSES: "127.0.0.1" });
  await ask(server.port, "POST", "/webhooks", {
    url: `http://127.0.0.1:${receiverPort}/`,
    events: ["budget.threshold_exceeded"],
  });
  const budgets: Budget[] = [];
  for (let at = 0; at < 15; at += 1) {
    const scope = { project_id: [`crossing-${at}`] };
    budgets.push(
      await ask<Budget>(server.port, "POST", "/budgets", {
        name: `crossing ${at}`,
        amount: "1",
        period: { kind: "month" },
        scope,
        thresholds: [50],
      }),
    );
  }
  const source = usageEvents(Date.now() - 3_600_000, 7);
  let isLoading = true;
  let sent = 0;
  const startedAt = performance.now();
  const loading = (async () => {
    while (isLoading) {
      const body = JSON.parse(new TextDecoder().decode(source.batch(250))) as unknown;
      await ask(server.port, "POST", "/usage/batch", body);
      sent += 250;
      await pause(Math.max(0, (sent / 5_000) * 1_000 - (performance.now() - startedAt)));
    }
  })();
  await pause(2_000);
  const ms: number[] = [];
  for (const [at, budget] of budgets.entries()) {
    await ask(server.port, "POST", "/costs", {
      model: "gpt-4o",
      tokens_used: 1,
      cost: "0.5",
      project_id: `crossing-${at}`,
    });
    const crossedAt = performance.now();
    while (!arrived.has(budget.id) && performance.now() - crossedAt < 20_000) await pause(2);
    ms.push((arrived.get(budget.id) ?? Number.POSITIVE_INFINITY) - crossedAt);
    await pause(300);
  }
  const rate = (sent / (performance.now() - startedAt)) * 1_000;
  isLoading = false;
  await loading;
  await server.stop();
  receiver.close();
  return { ms, rate };
}

async function benchReservations(): Promise<void> {
  const { us, trips } = await inProcess();
  printFigure("reserve and settle, inside the process", { value: us, unit: "µs", wanted: "below 50" });
  printFigure("trips to the database for each", { value: trips, unit: "trips", wanted: "below 0.05" });
  const postgres = await startPostgres({ outlivesTheMachine: true });
  try {
    for (const store of ["SQLite", "PostgreSQL"] as const) {
      const folder = temporaryFolder();
      const database = async () => (store === "SQLite" ? `sqlite:${folder.file}` : postgres.database());
      const { echo, rate } = await overHttp(await database());
      printFigure("bare node:http echo of one estimate (floor)", { value: echo, unit: "requests/s" });
      printFigure(`reservations over HTTP, ${store}`, {
        value: rate,
        unit: "requests/s",
        ratio: rate / echo,
        wanted: "above 8,000",
      });
      const { ms, rate: events } = await thresholdToWebhook(await database());
      printFigure(`threshold to webhook, ${store}, median`, { value: median(ms), unit: "ms", wanted: "below 1,000" });
      printFigure("the slowest of them", { value: Math.max(...ms), unit: "ms", wanted: "below 1,000" });
      printFigure("events meanwhile", { value: events, unit: "events/s", wanted: "5,000" });
      folder.remove();
    }
  } finally {
    await postgres.stop();
  }
}

if (import.meta.main) await benchReservations();

/**
 * Whether hard budgets hold: two servers as their users start them on one database, and by rounds a budget of k times a
 * cost for which 200 reservations come at once. `npm run bench -- rounds 100 postgres 7` does so many rounds, on one store,
 * with another seed. Ends with 1 where anything was wrong.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Budget } from "@llm-cost-ops/contract";
import { formatMoney } from "@llm-cost-ops/core";
import { startPostgres } from "../../packages/server/src/postgres/postgres-fixture.ts";
import { temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";
import { perSecond, printFigure } from "./figures.ts";
import { KeepAliveClient } from "./keep-alive-client.ts";
import { burst, makeBudget, planRound, Round, type RoundFindings } from "./reservation-round.ts";
import { startServer } from "./running-server.ts";

/** Rounds of which reservations are under way at once. */
const lanes = 4;
/** Budgets are made so many rounds before they are asked for. */
const ahead = 12;
/** A budget that one process made is known to the other after a second. */
const heardMs = 1_500;

interface Tally {
  readonly rounds: number;
  readonly asked: number;
  readonly granted: number;
  readonly away: number;
  readonly overshoots: number;
  readonly wrong: number;
  readonly perSecond: number;
}

async function withServers(databaseUrl: string, rounds: number, seed: number): Promise<Tally> {
  const servers = [await startServer(databaseUrl), await startServer(databaseUrl)];
  const clients = servers.map(({ port }) => new KeepAliveClient(port, burst));
  try {
    return await holdRounds(clients, rounds, seed);
  } finally {
    for (const client of clients) client.close();
    for (const server of servers) await server.stop();
  }
}

async function holdRounds(clients: readonly KeepAliveClient[], rounds: number, seed: number): Promise<Tally> {
  const [first] = clients as readonly [KeepAliveClient, KeepAliveClient];
  const made = new Map<number, Promise<Budget>>();
  const make = async (number: number): Promise<Budget> => {
    const budget = await makeBudget(first, planRound(seed, number));
    await pause(heardMs);
    return budget;
  };
  const budgetOf = async (number: number): Promise<Budget> => {
    for (let next = number; next < Math.min(rounds, number + ahead); next += 1) {
      if (made.has(next)) continue;
      const budget = make(next);
      // Whoever waits for it is told.
      budget.catch(() => undefined);
      made.set(next, budget);
    }
    return made.get(number) as Promise<Budget>;
  };
  const findings: RoundFindings[] = [];
  const ending: Promise<void>[] = [];
  const startedAt = performance.now();
  let next = 0;
  const finish = async (round: Round, number: number, held: Awaited<ReturnType<Round["burst"]>>): Promise<void> => {
    const found = await round.finish(held);
    findings.push(found);
    for (const text of found.wrong) process.stdout.write(`round ${number} of seed ${seed}: ${text}\n`);
    for (const text of found.overshoots) process.stdout.write(`round ${number} of seed ${seed}, beyond: ${text}\n`);
    if (findings.length % 100 === 0) process.stdout.write(`  ${findings.length} rounds\n`);
  };
  const runLane = async (): Promise<void> => {
    while (next < rounds) {
      const number = next;
      next += 1;
      const plan = planRound(seed, number);
      const round = new Round(clients, plan, await budgetOf(number));
      const finished = finish(round, number, await round.burst());
      // What expires does so beside other rounds.
      if (plan.end === "expired") ending.push(finished);
      else await finished;
    }
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
  await Promise.all(ending);
  const rate = perSecond(rounds, startedAt);
  const sum = (of: (found: RoundFindings) => number): number => findings.reduce((total, found) => total + of(found), 0);
  const wrongInAll = await compareWithAll(clients, findings);
  return {
    rounds: findings.length,
    asked: sum(({ asked }) => asked),
    granted: sum(({ granted }) => granted),
    away: clients.reduce((total, { timesAway }) => total + timesAway, 0),
    overshoots: sum(({ overshoots }) => overshoots.length),
    wrong: sum(({ wrong }) => wrong.length) + wrongInAll,
    perSecond: rate,
  };
}

/** What both processes sum over everything is what all rounds settled. */
async function compareWithAll(
  clients: readonly KeepAliveClient[],
  findings: readonly RoundFindings[],
): Promise<number> {
  const settled = formatMoney(findings.reduce((total, { spent }) => total + spent, 0n));
  let wrong = 0;
  for (const client of clients) {
    const { total_cost: told } = await client.data<{ readonly total_cost: string | null }>("GET", "/costs/summary");
    if ((told ?? "0") === settled) continue;
    process.stdout.write(`the ledger has ${told} where ${settled} were settled\n`);
    wrong += 1;
  }
  return wrong;
}

async function benchRounds(rounds: number, seed: number, only: string | undefined): Promise<boolean> {
  const postgres = only === "sqlite" ? undefined : await startPostgres();
  let isRight = true;
  try {
    for (const store of ["sqlite", "postgres"] as const) {
      if (only !== undefined && only !== store) continue;
      const folder = temporaryFolder();
      const address = store === "sqlite" ? `sqlite:${folder.file}` : await postgres?.database();
      const tally = await withServers(address ?? "", rounds, seed);
      folder.remove();
      const name = store === "sqlite" ? "SQLite" : "PostgreSQL";
      printFigure(`rounds of ${burst} reservations at once, ${name}`, { value: tally.rounds, unit: "rounds" });
      printFigure("reservations asked for", { value: tally.asked, unit: "" });
      printFigure("granted of them", { value: tally.granted, unit: "" });
      printFigure("asked again because the database was away", { value: tally.away, unit: "times" });
      printFigure("spent and reserved beyond the limit", { value: tally.overshoots, unit: "times", wanted: "0" });
      printFigure("wrong counts, sums and answers", { value: tally.wrong, unit: "times", wanted: "0" });
      printFigure("rounds", { value: tally.perSecond, unit: "rounds/s" });
      isRight &&= tally.overshoots === 0 && tally.wrong === 0 && tally.rounds === rounds;
    }
  } finally {
    await postgres?.stop();
  }
  return isRight;
}

if (import.meta.main) {
  const [rounds = 1_000, seed = 1] = process.argv.filter((argument) => /^\d+$/.test(argument)).map(Number);
  const only = process.argv.find((argument) => argument === "sqlite" || argument === "postgres");
  if (!(await benchRounds(rounds, seed, only))) process.exitCode = 1;
}

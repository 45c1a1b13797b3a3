/** A store with a ledger and the leases of its budgets, at a clock that a test moves. */
import type { Budget } from "@llm-cost-ops/contract";
import { formatMoney } from "@llm-cost-ops/core";
import { memoryStore } from "../../test/memory-store.ts";
import { postgresCostQuery } from "../costs/cost-query.postgres.ts";
import { sqliteCostQuery } from "../costs/cost-query.sqlite.ts";
import type { CostQuery } from "../costs/cost-query.ts";
import { sqliteStore } from "../sqlite/store-connection.ts";
import { dropDatabase, newDatabaseWithSchema, testedStore } from "../store/database-fixture.ts";
import type { Store } from "../store/operation.ts";
import { createSqliteLedger } from "../usage/ledger.sqlite.ts";
import type { Ledger } from "../usage/ledger.ts";
import { voidRecord } from "../usage/operations.sql.ts";
import { batchOf, postgresWithLedger } from "../usage/store-with-ledger-fixture.ts";
import type { Budgets } from "./budget.ts";
import { createBudgetLeases } from "./budget-leases.sql.ts";
import type { BudgetLeases, LeaseAnswer, LeaseAsk } from "./budget-leases.ts";
import { createBudgets } from "./budgets.sql.ts";
import { readBudgetTerms } from "./read-budget.ts";

export const organizationId = "default";

export interface LeasesUnderTest {
  /** UTC milliseconds; a test moves it. */
  nowMs: number;
  readonly store: Store;
  readonly query: CostQuery;
  readonly budgets: Budgets;
  readonly leases: BudgetLeases;
  readonly ledger: Ledger;
  /** A hard budget without end, unless its terms say otherwise. */
  budget(terms?: object): Promise<Budget>;
  /** What one process gets of one budget: one dollar is 10¹² picos. */
  renew(processId: string, budgetId: string, ask: Partial<LeaseAsk> & { readonly need?: bigint }): Promise<LeaseAnswer>;
  /** Records a cost of picos of a currency, now unless said otherwise. */
  spend(picos: bigint, fields?: object): Promise<string>;
  undo(recordId: string): Promise<void>;
  close(): Promise<void>;
}

const total = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n);

interface Opened {
  readonly store: Store;
  readonly query: CostQuery;
  readonly ledger: Ledger;
  readonly close: () => Promise<void>;
}

async function open(now: () => number): Promise<Opened> {
  if (testedStore() === "sqlite") {
    const { store, threads } = memoryStore(now);
    const query = sqliteCostQuery(threads);
    return {
      store: sqliteStore(threads),
      query,
      ledger: createSqliteLedger(threads),
      close: async () => store.db.close(),
    };
  }
  const database = await newDatabaseWithSchema("");
  const { store, ledger, close } = await postgresWithLedger(database.DATABASE_URL, now);
  const closeAll = async (): Promise<void> => {
    await close();
    await dropDatabase(database);
  };
  return { store, query: postgresCostQuery(store), ledger, close: closeAll };
}

export async function openLeases(startMs: number): Promise<LeasesUnderTest> {
  const { store, query, ledger, close } = await open(() => under.nowMs);
  const budgets = createBudgets(store);
  const leases = createBudgetLeases(store);
  let made = 0;
  const under: LeasesUnderTest = {
    nowMs: startMs,
    store,
    query,
    budgets,
    leases,
    ledger,
    budget: async (terms = {}) => {
      made += 1;
      const plain = { name: `budget ${made}`, period: { kind: "prepaid" as const, starts_at: "2020-01-01T00:00:00Z" } };
      const amount = "tokens" in terms ? {} : { amount: "10" };
      return budgets.create(
        { organizationId },
        readBudgetTerms({ ...plain, ...amount, enforcement: "hard", ...terms }),
      );
    },
    renew: async (processId, budgetId, ask) => {
      const {
        value,
        allocated = 0n,
        need = 0n,
        needs = [need],
        want = total(needs),
        expiresAtMs = under.nowMs + 60_000,
      } = ask;
      const [answer] = await leases.renew(organizationId, processId, [
        { budgetId, ...(value !== undefined && { value }), allocated, needs, want, expiresAtMs },
      ]);
      if (answer === undefined) throw new Error(`there is no budget ${budgetId}`);
      return answer;
    },
    spend: async (picos, fields = {}) => {
      made += 1;
      const id = `call-${made}`;
      const cost = { provider: "openai", model: "gpt-4o", cost: formatMoney(picos), currency: "USD" };
      const record = { id, occurred_at: new Date(under.nowMs).toISOString(), ...cost, ...fields };
      const [item] = await ledger.append(organizationId, batchOf([record], "cost"));
      if (item?.status !== "recorded") throw new Error(`not recorded: ${JSON.stringify(item)}`);
      return id;
    },
    undo: async (id) => {
      await store.run(voidRecord, { organizationId, id });
    },
    close,
  };
  return under;
}

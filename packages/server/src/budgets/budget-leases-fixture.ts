import { Refusal, unknownOutcome } from "../refusal.ts";
import type { BudgetLeases, LeaseAnswer, LeaseAsk } from "./budget-leases.ts";
import { grantLease } from "./lease-grant.ts";

interface Row {
  held: bigint;
  allocated: bigint;
  seenAtMs: number;
  expiresAtMs: number;
  isRecalled: boolean;
}

export interface BudgetInMemory {
  limit: bigint;
  spent: bigint;
  readonly rows: Map<string, Row>;
}

/** Leases in memory, for tests of what is built on them; several processes may share them. */
export class MemoryBudgetLeases implements BudgetLeases {
  readonly budgets = new Map<string, BudgetInMemory>();
  trips = 0;
  /** What becomes of the next trips: nothing is done, or it is done and not told. */
  trouble: "away" | "unknown" | undefined;
  /** Until it resolves no trip is answered. */
  silence: Promise<void> | undefined;
  readonly #clock: () => number;
  readonly #delay: () => Promise<void>;

  constructor(clock: () => number, delay: () => Promise<void>) {
    this.#clock = clock;
    this.#delay = delay;
  }

  budget(id: string, limit: bigint): BudgetInMemory {
    const made = { limit, spent: 0n, rows: new Map<string, Row>() };
    this.budgets.set(id, made);
    return made;
  }

  async renew(_: string, processId: string, asks: readonly LeaseAsk[]): Promise<readonly LeaseAnswer[]> {
    this.trips += 1;
    await this.#delay();
    if (this.trouble === "away") throw new Refusal("UNAVAILABLE", "away");
    const answers = asks.flatMap((ask) => this.#renew(processId, ask));
    await this.#delay();
    await this.silence;
    if (this.trouble === "unknown") throw new Refusal("UNAVAILABLE", "lost", { details: unknownOutcome });
    return answers;
  }

  async recalls(processId: string) {
    await this.#delay();
    return [...this.budgets].flatMap(([budgetId, { rows }]) =>
      rows.get(processId)?.isRecalled === true ? [{ organizationId: "acme", budgetId }] : [],
    );
  }

  #renew(processId: string, ask: LeaseAsk): LeaseAnswer[] {
    const budget = this.budgets.get(ask.budgetId);
    if (budget === undefined) return [];
    const nowMs = this.#clock();
    for (const [id, row] of budget.rows) if (row.expiresAtMs <= nowMs) budget.rows.delete(id);
    const own = budget.rows.get(processId);
    const isRecalled = own?.isRecalled === true;
    const others = [...budget.rows].flatMap(([id, row]) =>
      id === processId ? [] : [{ ...row, processId: id, recalledAtMs: undefined }],
    );
    const { held, heldByOthers, recalled } = grantLease(budget, ask, others, { isRecalled, nowMs });
    for (const { processId: id } of recalled) (budget.rows.get(id) as Row).isRecalled = true;
    const { allocated, expiresAtMs } = ask;
    if (held === 0n) budget.rows.delete(processId);
    else {
      const row = { held, allocated, seenAtMs: nowMs, expiresAtMs, isRecalled: isRecalled && held > allocated };
      budget.rows.set(processId, row);
    }
    const { limit, spent } = budget;
    const { budgetId, value } = ask;
    return [
      {
        budgetId,
        ...(value !== undefined && { value }),
        held,
        limit,
        spent,
        heldByOthers,
        recalled: recalled.map((other) => `${other.processId} ${other.seenAtMs}`),
        isRecalled,
        periodEndsAtMs: undefined,
      },
    ];
  }
}

import type { Budget, BudgetAmendment, BudgetTransfer } from "@llm-cost-ops/contract";
import { formatMoney } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type Store, storeChange } from "../store/operation.ts";
import type { BudgetAsker } from "./budget.ts";
import { measureOf } from "./budget-leases.sql.ts";
import { placedOf } from "./budget-row.ts";
import type { Limited } from "./budget-scope.sql.ts";
import { requireFitting } from "./budget-tree.sql.ts";
import { changeBudget } from "./budgets.sql.ts";
import { type FoundBudget, requireBudget, requireDecider, requireOwnBudget } from "./found-budget.sql.ts";
import { byParent, runFor } from "./tenant-budgets.sql.ts";

/** What is moved from a budget to another: picos as decimal digits, or tokens. */
export interface BudgetMove {
  readonly from: string;
  readonly to: string;
  readonly amount: { readonly picos: string } | { readonly tokens: number };
  readonly reason?: string | undefined;
  /** Also where the source keeps less than is spent and reserved. */
  readonly isForced: boolean;
}

const write = (currency: string | null, amount: bigint): string =>
  currency === null ? amount.toString() : formatMoney(amount);

const refused = (code: "CONFLICT" | "VALIDATION_ERROR", field: string, text: string): Refusal =>
  new Refusal(code, `${field} ${text}.`, { fieldErrors: { [field]: text } });

const transferAmount = storeChange(
  "budgets.transfer",
  async (connection, { move, ...limited }: Limited & { readonly move: BudgetMove }): Promise<BudgetTransfer> => {
    const from = await requireOwnBudget(connection, { ...limited, id: move.from });
    const to = await requireTarget(connection, limited, move);
    requireDecider(to.budget, limited);
    for (const [side, { budget }] of [
      ["from", from],
      ["to", to],
    ] as const) {
      if (budget.per === null) continue;
      const field = side === "from" ? "id" : "to";
      throw refused(
        "VALIDATION_ERROR",
        field,
        `must name a budget with one amount: this one has one for each ${budget.per}`,
      );
    }
    const { currency } = from.budget;
    const field = currency === null ? "tokens" : "amount";
    if (currency === null ? !("tokens" in move.amount) : !("picos" in move.amount)) {
      const [given, unit] = currency === null ? ["amount", "tokens"] : ["tokens", "money"];
      throw refused("VALIDATION_ERROR", given, `cannot be transferred: the budget is in ${unit}`);
    }
    if (to.budget.currency !== currency) {
      throw refused("VALIDATION_ERROR", "to", `must name a budget in ${currency ?? "tokens"}`);
    }
    const moved = "tokens" in move.amount ? BigInt(move.amount.tokens) : BigInt(move.amount.picos);
    if (moved === 0n) throw refused("VALIDATION_ERROR", field, "must be above 0");
    const left = placedOf(from.row).amount - moved;
    await requireLeft(connection, from, { left, field, isForced: move.isForced });
    const next = { from: left, to: placedOf(to.row).amount + moved };
    if (currency === null && next.to > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw refused("CONFLICT", field, "would make the other budget larger than can be counted");
    }
    const tell = (direction: "to" | "from", { id }: Budget): NonNullable<BudgetAmendment["transfer"]> => ({
      direction,
      budget_id: id,
      amount: write(currency, moved),
    });
    const change = (amount: bigint) => (currency === null ? { tokens: Number(amount) } : { picos: amount.toString() });
    const { reason } = move;
    const after = {
      from: await changeBudget(connection, from, { ...change(next.from), reason }, tell("to", to.budget)),
      to: await changeBudget(connection, to, { ...change(next.to), reason }, tell("from", from.budget)),
    };
    // What fits is asked once both have changed, for one may be a part of the other.
    const isLimited = limited.within !== undefined;
    await requireFitting(connection, { ...placedOf(from.row), amount: next.from }, isLimited);
    await requireFitting(connection, { ...placedOf(to.row), amount: next.to }, isLimited);
    const shown = ({ id, name, amount, tokens }: Budget) => ({
      id,
      name,
      ...(currency === null ? { tokens } : { amount }),
    });
    await recordChange(connection, {
      organizationId: limited.organizationId,
      action: "budgets.transfer",
      resource: { type: "budget", id: from.budget.id },
      before: { from: shown(from.budget), to: shown(to.budget) },
      after: {
        from: shown(after.from),
        to: shown(after.to),
        transferred: write(currency, moved),
        ...(reason === undefined ? {} : { reason }),
      },
    });
    return after;
  },
);

async function requireTarget(connection: StoreConnection, limited: Limited, { from, to }: BudgetMove) {
  if (from === to) throw refused("VALIDATION_ERROR", "to", "must name another budget");
  try {
    return await requireBudget(connection, { ...limited, id: to });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "NOT_FOUND") throw error;
    throw refused("VALIDATION_ERROR", "to", "names no budget of the organization");
  }
}

/** What is spent and reserved stays where it is, unless somebody insists; below nothing is no amount. */
async function requireLeft(
  connection: StoreConnection,
  found: FoundBudget,
  { left, field, isForced }: { readonly left: bigint; readonly field: string; readonly isForced: boolean },
): Promise<void> {
  if (left < 0n) throw refused("CONFLICT", field, "must be at most the amount of the budget");
  if (isForced) return;
  // In this order, as for leases: what is settled meanwhile counts twice and never not at all.
  const reserved = await heldOf(connection, found);
  const { spent } = await measureOf(connection, found, connection.now());
  if (left >= spent + reserved) return;
  const free = placedOf(found.row).amount - spent - reserved;
  const text =
    free > 0n
      ? `must be at most ${write(found.budget.currency, free)} now, what is neither spent nor held by servers for reservations; force takes more`
      : "cannot be taken now: all of it is spent or held by servers for reservations; force takes it";
  throw refused("CONFLICT", field, text);
}

/** What processes hold: of what they have reserved of that since the last second, they alone know. */
async function heldOf(connection: StoreConnection, { budget }: FoundBudget): Promise<bigint> {
  const leases = await connection.all<{ held: string }>(
    "SELECT held FROM budget_leases WHERE organization_id = ? AND budget_id = ? AND expires_at > ?",
    budget.organization_id,
    budget.id,
    connection.now(),
  );
  return leases.reduce((sum, { held }) => sum + BigInt(held), 0n);
}

/** Moves amounts between budgets. */
export interface BudgetTransfers {
  /**
   * In one transaction, told by both histories. Refuses with NOT_FOUND a budget that is none to whoever asks, with
   * VALIDATION_ERROR one in another unit, with CONFLICT what would leave less than is spent and reserved unless it is
   * forced, less than a part of the source has, or more than the budget above the target.
   */
  transfer(asker: BudgetAsker, move: BudgetMove): Promise<BudgetTransfer>;
}

const transferOfParent = byParent(transferAmount);

export const createBudgetTransfers = (store: Store): BudgetTransfers => ({
  transfer(asker, move) {
    const { organizationId, records: within, parentId } = asker;
    const args = { organizationId, within, ...(parentId === undefined ? {} : { parentId }), move };
    return runFor(store, asker, [transferAmount, transferOfParent], args);
  },
});

/** For the registry. */
export const budgetTransferOperations = [transferAmount, transferOfParent] as const;

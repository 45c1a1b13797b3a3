import type { BudgetStatus } from "@llm-cost-ops/sdk";
import { Anchor } from "@mantine/core";
import { Link } from "wouter";
import { useTimeZone } from "../../data/organization.ts";
import { formatMoney, formatMoneyExact } from "../../format/money.ts";
import { formatShare } from "../../format/numbers.ts";
import { Tile } from "../../shell/tile.tsx";
import { type Glance, useMonthBudget, useProjection } from "./overview-questions.ts";

/** What was spent of the month, and where that leads, against the month before and the budget of the whole organization. */
export function MonthTiles({ glance, currency }: { glance: Glance | undefined; currency: string }) {
  const budget = useMonthBudget(currency);
  const projection = useProjection(useTimeZone());
  const of = projection.data?.byCurrency.find((one) => one.currency === currency);
  // Of nothing spent comes nothing; in the first instant of a month nobody knows.
  const projected = of === undefined ? "0" : of.projectedExact;
  const isKnown = projection.data !== undefined || projection.error !== null;
  const cost = (sums: Glance["month"] | undefined): string => sums?.get(currency)?.cost ?? "0";
  return (
    <>
      <Tile
        label="Month to date"
        value={glance === undefined ? undefined : formatMoney(cost(glance.month), currency)}
        exact={formatMoneyExact(cost(glance?.month), currency)}
        change={
          glance === undefined
            ? undefined
            : { now: cost(glance.month), before: cost(glance.monthBefore), than: "the same days last month" }
        }
        more={budget === undefined ? null : <OfBudget budget={budget} part={budget.spentExact} />}
      />
      <Tile
        label="Projected month"
        value={isKnown ? formatMoney(projection.data === undefined ? null : projected, currency) : undefined}
        exact={formatMoneyExact(projection.data === undefined ? null : projected, currency)}
        note={of === undefined ? undefined : `at ${formatMoney(of.burnRatePerDayExact, currency)} a day so far`}
        more={
          budget === undefined || budget.projectedExact === null ? null : (
            <OfBudget budget={budget} part={budget.projectedExact} />
          )
        }
      />
    </>
  );
}

function OfBudget({ budget, part }: { budget: BudgetStatus; part: string }) {
  const share = formatShare(part, budget.amountExact);
  return (
    <Anchor
      component={Link}
      href={`/budgets/${encodeURIComponent(budget.budgetId)}`}
      size="xs"
      c="dimmed"
      display="block"
      className="clip"
      title={`${share} of budget ${budget.name}`}
    >
      {share} of budget <bdi>{budget.name}</bdi>
    </Anchor>
  );
}

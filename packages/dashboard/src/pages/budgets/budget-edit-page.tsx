import type { Budget } from "@llm-cost-ops/sdk";
import { useLocation, useParams } from "wouter";
import { useAct } from "../../data/ask.ts";
import { useBudget } from "../../data/budgets.ts";
import { Answer, BackLink, EmptyState, NoPermission, PageHeader } from "../../shell/states.tsx";
import { useRules } from "../alerts/alert-questions.ts";
import { type BudgetDraft, draftOf, updateParamsOf } from "./budget-draft.ts";
import { BudgetForm } from "./budget-form.tsx";
import { useMayChange, useTenantOf } from "./budget-questions.ts";

export default function BudgetEditPage() {
  const { id = "" } = useParams<{ id: string }>();
  const budget = useBudget(id);
  const mayChange = useMayChange();
  const tenantOf = useTenantOf();
  // What its form says of them is asked at once, not after the budget is here.
  useRules();
  return (
    <>
      {budget.data === undefined ? null : (
        <BackLink to={`/budgets/${encodeURIComponent(budget.data.id)}`}>{budget.data.name}</BackLink>
      )}
      <PageHeader title={budget.data === undefined ? "Edit a budget" : `Edit ${budget.data.name}`} />
      <Answer of={budget} height={320}>
        {(data) =>
          data.setBy === "parent" && !mayChange(data) && tenantOf(data) !== undefined ? (
            <NoPermission what="Changing budgets of tenants" />
          ) : data.setBy === "parent" && !mayChange(data) ? (
            <EmptyState icon="budgets" title="Set by the parent organization">
              It alone changes this budget.
            </EmptyState>
          ) : (
            <Edited key={data.id} budget={data} />
          )
        }
      </Answer>
    </>
  );
}

function Edited({ budget }: { budget: Budget }) {
  const [, navigate] = useLocation();
  const tenantId = useTenantOf()(budget);
  const page = `/budgets/${encodeURIComponent(budget.id)}`;
  const update = useAct(
    (client, draft: BudgetDraft) => client.budgets.update(budget.id, updateParamsOf(draft, budget) ?? {}),
    ["budgets"],
  );
  return (
    <BudgetForm
      start={draftOf(budget)}
      budget={budget}
      tenantId={tenantId}
      verb="Save"
      backTo={page}
      isBusy={update.isPending}
      error={update.error}
      canSend={(draft) => updateParamsOf(draft, budget) !== undefined}
      onSend={(draft) => update.mutate(draft, { onSuccess: () => navigate(page) })}
    />
  );
}

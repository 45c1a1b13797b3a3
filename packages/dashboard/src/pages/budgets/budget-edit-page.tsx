import type { Budget } from "@llm-cost-ops/sdk";
import { useLocation, useParams } from "wouter";
import { useAct } from "../../data/ask.ts";
import { Answer, EmptyState, PageHeader } from "../../shell/states.tsx";
import { type BudgetDraft, draftOf, updateParamsOf } from "./budget-draft.ts";
import { BudgetForm } from "./budget-form.tsx";
import { useBudget, useMayChange } from "./budget-questions.ts";

export default function BudgetEditPage() {
  const { id = "" } = useParams<{ id: string }>();
  const budget = useBudget(id);
  const mayChange = useMayChange();
  return (
    <>
      <PageHeader title={budget.data === undefined ? "Edit a budget" : `Edit ${budget.data.name}`} />
      <Answer of={budget} height={320}>
        {(data) =>
          data.setBy === "parent" && !mayChange(data) ? (
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
  const page = `/budgets/${encodeURIComponent(budget.id)}`;
  const update = useAct(
    (client, draft: BudgetDraft) => client.budgets.update(budget.id, updateParamsOf(draft, budget) ?? {}),
    ["budgets"],
  );
  return (
    <BudgetForm
      start={draftOf(budget)}
      budget={budget}
      verb="Save"
      backTo={page}
      isBusy={update.isPending}
      error={update.error}
      canSend={(draft) => updateParamsOf(draft, budget) !== undefined}
      onSend={(draft) => update.mutate(draft, { onSuccess: () => navigate(page) })}
    />
  );
}

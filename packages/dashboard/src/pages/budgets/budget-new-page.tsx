import { useLocation } from "wouter";
import { useAct } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { Loading, PageHeader } from "../../shell/states.tsx";
import { type BudgetDraft, createParamsOf, newDraft } from "./budget-draft.ts";
import { BudgetForm } from "./budget-form.tsx";

export default function BudgetNewPage() {
  const zone = useTimeZone();
  const [, navigate] = useLocation();
  const create = useAct((client, draft: BudgetDraft) => client.budgets.create(createParamsOf(draft)), ["budgets"]);
  return (
    <>
      <PageHeader title="New budget" />
      {zone === undefined ? (
        <Loading height={320} />
      ) : (
        <BudgetForm
          start={newDraft(zone)}
          verb="Make the budget"
          backTo="/budgets"
          isBusy={create.isPending}
          error={create.error}
          canSend={({ name, amount }) => name.trim() !== "" && amount.trim() !== ""}
          onSend={(draft) =>
            create.mutate(draft, { onSuccess: ({ id }) => navigate(`/budgets/${encodeURIComponent(id)}`) })
          }
        />
      )}
    </>
  );
}

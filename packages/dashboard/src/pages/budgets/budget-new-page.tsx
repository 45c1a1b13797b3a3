import { useLocation } from "wouter";
import { useAct } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { useSession } from "../../session/session-context.tsx";
import { BackLink, NoPermission, PageHeader } from "../../shell/states.tsx";
import { textField } from "../../url-state/fields.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { type BudgetDraft, createParamsOf, newDraft } from "./budget-draft.ts";
import { BudgetForm } from "./budget-form.tsx";
import { useTenants } from "./budget-questions.ts";

const fields = { tenant: textField() };

export default function BudgetNewPage() {
  const [{ tenant }] = useUrlState(fields);
  const tenantId = tenant === "" ? undefined : tenant;
  const name = useTenants().find(({ id }) => id === tenantId)?.name;
  const listAddress = tenantId === undefined ? "/budgets" : `/budgets?tenant=${encodeURIComponent(tenantId)}`;
  const zone = useTimeZone();
  const [, navigate] = useLocation();
  const create = useAct(
    (client, draft: BudgetDraft) => client.budgets.create(createParamsOf(draft, tenantId)),
    ["budgets"],
  );
  const { may } = useSession();
  if (tenantId !== undefined && !may("organizations:write")) return <NoPermission what="Setting budgets for tenants" />;
  return (
    <>
      <BackLink to={listAddress}>Budgets</BackLink>
      <PageHeader
        title={tenantId === undefined ? "New budget" : `New budget for ${name ?? "a tenant"}`}
        reads={fields}
      />
      <BudgetForm
        start={newDraft(zone)}
        verb="Make the budget"
        tenantId={tenantId}
        backTo={listAddress}
        isBusy={create.isPending}
        error={create.error}
        canSend={({ name, amount }) => name.trim() !== "" && amount.trim() !== ""}
        onSend={(draft) =>
          create.mutate(draft, { onSuccess: ({ id }) => navigate(`/budgets/${encodeURIComponent(id)}`) })
        }
      />
    </>
  );
}

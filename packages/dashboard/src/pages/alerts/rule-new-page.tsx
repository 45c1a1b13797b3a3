import { useLocation } from "wouter";
import { useAct } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { BackLink, PageHeader } from "../../shell/states.tsx";
import { textField } from "../../url-state/fields.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { newRule, type RuleDraft, ruleParamsOf } from "./rule-draft.ts";
import { RuleForm } from "./rule-form.tsx";

const fields = { budget: textField() };

/** `?budget=` names the budget that the rule begins with. */
export default function RuleNewPage() {
  const zone = useTimeZone();
  const [{ budget }] = useUrlState(fields);
  const [, navigate] = useLocation();
  const create = useAct((client, draft: RuleDraft) => client.alerts.rules.create(ruleParamsOf(draft)), ["alerts"]);
  return (
    <>
      <BackLink to="/alerts?tab=rules">Rules</BackLink>
      <PageHeader title="New alert rule" reads={fields} />
      <RuleForm
        start={newRule(zone, budget)}
        isNew
        verb="Make the rule"
        isBusy={create.isPending}
        error={create.error}
        canSend={({ name, kind, threshold }) => name.trim() !== "" && (kind === "budget" || threshold.trim() !== "")}
        onSend={(draft) => create.mutate(draft, { onSuccess: () => navigate("/alerts?tab=rules") })}
      />
    </>
  );
}

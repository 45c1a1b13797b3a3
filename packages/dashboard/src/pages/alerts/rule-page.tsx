import type { AlertRule } from "@llm-cost-ops/sdk";
import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { useLocation, useParams } from "wouter";
import { useAct, useForget } from "../../data/ask.ts";
import { useBudget } from "../../data/budgets.ts";
import { useSession } from "../../session/session-context.tsx";
import { ConfirmDialog } from "../../shell/confirm-dialog.tsx";
import { Answer, BackLink, PageHeader, Panel } from "../../shell/states.tsx";
import { useAlerts, useChannels, useRule } from "./alert-questions.ts";
import { ruleText } from "./alert-words.ts";
import { LatestAlerts } from "./latest-alerts.tsx";
import { type RuleDraft, ruleDraftOf, ruleUpdateOf } from "./rule-draft.ts";
import { RuleForm } from "./rule-form.tsx";

export default function RulePage() {
  const { id = "" } = useParams<{ id: string }>();
  const rule = useRule(id);
  // What its parts need is asked for at once, not after the rule is here.
  useChannels();
  useAlerts({ ruleId: id });
  return (
    <Answer of={rule} height={320} back={{ to: "/alerts?tab=rules", label: "Rules" }}>
      {(data) => <OneRule key={data.id} rule={data} />}
    </Answer>
  );
}

function OneRule({ rule }: { rule: AlertRule }) {
  const { may } = useSession();
  const [, navigate] = useLocation();
  const [asks, setAsks] = useState(false);
  const budget = useBudget(rule.budgetId ?? "", rule.budgetId !== null && may("budgets:read"));
  const toRules = (): void => navigate("/alerts?tab=rules");
  const update = useAct(
    (client, draft: RuleDraft) => client.alerts.rules.update(rule.id, ruleUpdateOf(draft, rule) ?? {}),
    ["alerts"],
  );
  const forget = useForget();
  const remove = useAct(
    async (client, id: string) => {
      await client.alerts.rules.delete(id);
      forget("alerts");
      toRules();
    },
    ["alerts"],
  );
  return (
    <>
      <BackLink to="/alerts?tab=rules">Rules</BackLink>
      <PageHeader title={rule.name}>
        {may("alerts:write") ? (
          <Button variant="subtle" color="red" onClick={() => setAsks(true)}>
            Delete
          </Button>
        ) : null}
      </PageHeader>
      <Text size="sm" c="dimmed" mb="sm">
        <bdi>{ruleText(rule, budget.data?.name)}</bdi>
      </Text>
      <div className="rule-page">
        <RuleForm
          start={ruleDraftOf(rule)}
          isNew={false}
          verb="Save"
          isBusy={update.isPending}
          error={update.error}
          canSend={(draft) => ruleUpdateOf(draft, rule) !== undefined}
          onSend={(draft) => update.mutate(draft, { onSuccess: toRules })}
        />
        <Panel title="Its latest alerts">
          <LatestAlerts question={{ ruleId: rule.id }} none="It has told of nothing yet." />
        </Panel>
      </div>
      <ConfirmDialog
        isOpen={asks}
        title="Delete this rule?"
        verb="Delete the rule"
        isBusy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(rule.id)}
        onClose={() => {
          remove.reset();
          setAsks(false);
        }}
      >
        Nothing is watched by it any more. Its alerts are resolved and stay to be read.
      </ConfirmDialog>
    </>
  );
}

import type { AlertRule } from "@llm-cost-ops/sdk";
import {
  Button,
  Group,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  TagsInput,
  TextInput,
} from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { fieldErrorsOf } from "../../data/ask.ts";
import { useBudgets } from "../../data/budgets.ts";
import { ScopeFields } from "../../scope/scope-fields.tsx";
import { useSession } from "../../session/session-context.tsx";
import { errorUnder, type FieldErrors } from "../../shell/field-errors.ts";
import { ErrorState, Panel } from "../../shell/states.tsx";
import { type Metric, metrics, severityLabels } from "./alert-words.ts";
import { countsRequests, type RuleDraft, windowKindsOf } from "./rule-draft.ts";
import { TellingFields } from "./telling-fields.tsx";
import { WindowFields } from "./window-fields.tsx";
import "./alerts.css";

/** Changes some fields of what is edited. */
export type ChangeRule = (change: Partial<RuleDraft>) => void;

export interface RuleFieldsProps {
  readonly draft: RuleDraft;
  readonly change: ChangeRule;
  readonly errors: FieldErrors;
}

/** Makes or changes a rule. */
export function RuleForm(props: {
  readonly start: RuleDraft;
  readonly isNew: boolean;
  readonly verb: string;
  readonly isBusy: boolean;
  readonly error: Error | null;
  readonly canSend: (draft: RuleDraft) => boolean;
  readonly onSend: (draft: RuleDraft) => void;
}) {
  const { start, isNew, verb, isBusy, error, canSend, onSend } = props;
  const { may } = useSession();
  const [draft, setDraft] = useState(start);
  const change: ChangeRule = (changed) => setDraft((before) => ({ ...before, ...changed }));
  const errors = fieldErrorsOf(error);
  const fields = { draft, change, errors };
  const isWritable = may("alerts:write");
  return (
    <form
      noValidate
      style={{ maxWidth: "44rem" }}
      onSubmit={(event) => {
        event.preventDefault();
        onSend(draft);
      }}
    >
      <fieldset disabled={!isWritable} className="plain-fieldset">
        <Stack gap="sm">
          <Panel title="What is watched">
            <Stack gap="sm">
              <TextInput
                label="Name"
                required
                value={draft.name}
                error={errors["name"]}
                onChange={({ currentTarget }) => change({ name: currentTarget.value })}
              />
              {isNew ? (
                <SegmentedControl
                  aria-label="Budgets or a metric"
                  w="fit-content"
                  value={draft.kind}
                  data={[
                    { value: "budget", label: "Budgets" },
                    { value: "metric", label: "A metric" },
                  ]}
                  onChange={(kind) => change({ kind: kind as AlertRule["kind"] })}
                />
              ) : null}
              {draft.kind === "budget" ? <BudgetFields {...fields} /> : <MetricFields {...fields} />}
            </Stack>
          </Panel>
          {draft.kind === "metric" ? (
            <Panel title="By whom and for what">
              <ScopeFields value={draft.scope} onChange={(scope) => change({ scope })} errors={errors} />
            </Panel>
          ) : null}
          <Panel title="Who is told">
            <Stack gap="sm">
              <Select
                label="Severity"
                w={{ base: "100%", xs: 200 }}
                allowDeselect={false}
                data={Object.entries(severityLabels).map(([value, label]) => ({ value, label }))}
                value={draft.severity}
                error={errors["severity"]}
                onChange={(value) => change({ severity: (value ?? "warning") as AlertRule["severity"] })}
              />
              <TellingFields {...fields} />
              <Switch
                label="Watch"
                checked={draft.isEnabled}
                onChange={({ currentTarget }) => change({ isEnabled: currentTarget.checked })}
              />
            </Stack>
          </Panel>
          {error === null ? null : <ErrorState error={error} />}
          <Group gap="xs">
            {isWritable ? (
              <Button type="submit" loading={isBusy} disabled={!canSend(draft)}>
                {verb}
              </Button>
            ) : null}
            <Button component={Link} href="/alerts?tab=rules" variant="default">
              {isWritable ? "Cancel" : "Back"}
            </Button>
          </Group>
        </Stack>
      </fieldset>
    </form>
  );
}

function BudgetFields({ draft, change, errors }: RuleFieldsProps) {
  const budgets = useBudgets();
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <Select
          label="Budget"
          placeholder="every budget"
          searchable
          clearable
          clearButtonProps={{ "aria-label": "Every budget" }}
          limit={50}
          data={(budgets.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          value={draft.budget === "" ? null : draft.budget}
          error={errors["budget"]}
          onChange={(value) => change({ budget: value ?? "" })}
        />
        <Select
          label="When"
          allowDeselect={false}
          data={[
            { value: "spent", label: "what is spent reaches" },
            { value: "projected", label: "the projection reaches" },
          ]}
          value={draft.of}
          error={errors["of"]}
          onChange={(value) => change({ of: (value ?? "spent") as RuleDraft["of"] })}
        />
      </SimpleGrid>
      <TagsInput
        label="Thresholds in percent"
        placeholder={draft.thresholds.length === 0 ? "those of the budget" : ""}
        value={[...draft.thresholds]}
        splitChars={[",", " ", ";"]}
        acceptValueOnBlur
        error={errorUnder(errors, "thresholds")}
        onChange={(thresholds) => change({ thresholds: thresholds.map((text) => text.replace("%", "")) })}
      />
    </>
  );
}

const unitLabels = { money: "Threshold", tokens: "Threshold, tokens", percent: "Threshold, percent" } as const;

function MetricFields(props: RuleFieldsProps) {
  const { draft, change, errors } = props;
  const { unit } = metrics[draft.metric];
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="sm">
      <Select
        label="Metric"
        allowDeselect={false}
        data={Object.entries(metrics).map(([value, { label }]) => ({ value, label }))}
        value={draft.metric}
        error={errors["metric"]}
        onChange={(value) => {
          const metric = (value ?? "daily_cost") as Metric;
          change({ metric, windowKind: windowKindsOf(metric)[0] });
        }}
      />
      <Select
        label="Compared"
        allowDeselect={false}
        data={[
          { value: ">=", label: "reaches (≥)" },
          { value: ">", label: "is above (>)" },
        ]}
        value={draft.comparison}
        error={errors["comparison"]}
        onChange={(value) => change({ comparison: (value ?? ">=") as RuleDraft["comparison"] })}
      />
      <TextInput
        label={unitLabels[unit]}
        required
        inputMode="decimal"
        value={draft.threshold}
        error={errors["threshold"]}
        onChange={({ currentTarget }) => change({ threshold: currentTarget.value })}
      />
      {unit === "money" ? (
        <TextInput
          label="Currency"
          maxLength={3}
          value={draft.currency}
          error={errors["currency"]}
          onChange={({ currentTarget }) => change({ currency: currentTarget.value.toUpperCase() })}
        />
      ) : null}
      <WindowFields {...props} />
      {countsRequests(draft.metric) ? (
        <TextInput
          label="From so many requests on"
          inputMode="numeric"
          value={draft.requestsMin}
          error={errors["requestsMin"]}
          onChange={({ currentTarget }) => change({ requestsMin: currentTarget.value })}
        />
      ) : null}
    </SimpleGrid>
  );
}

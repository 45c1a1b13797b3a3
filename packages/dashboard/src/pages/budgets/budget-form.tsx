import type { Budget } from "@llm-cost-ops/sdk";
import {
  Button,
  Group,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { fieldErrorsOf } from "../../data/ask.ts";
import { useBudgets } from "../../data/budgets.ts";
import { ScopeFields } from "../../scope/scope-fields.tsx";
import { errorUnder, type FieldErrors } from "../../shell/field-errors.ts";
import { ErrorState, Panel } from "../../shell/states.tsx";
import { useRules } from "../alerts/alert-questions.ts";
import { isWatched } from "../alerts/alert-words.ts";
import type { BudgetDraft } from "./budget-draft.ts";
import { possibleParents } from "./budget-tree.ts";
import { HardFields } from "./hard-fields.tsx";
import { PerFields } from "./per-fields.tsx";
import { PeriodFields } from "./period-fields.tsx";
import { amountProblem } from "./preview.ts";
import { PreviewPanel } from "./preview-panel.tsx";

/** Changes some fields of what is edited. */
export type ChangeDraft = (change: Partial<BudgetDraft>) => void;

/** Makes or changes a budget; beside it stands what it would have said of the last period. */
export function BudgetForm(props: {
  readonly start: BudgetDraft;
  /** The budget that is changed; absent where one is made. */
  readonly budget?: Budget;
  /** The tenant that it is set for; absent of the organization's own. */
  readonly tenantId?: string | undefined;
  readonly verb: string;
  readonly backTo: string;
  readonly isBusy: boolean;
  readonly error: Error | null;
  /** Whether a draft is worth sending. */
  readonly canSend: (draft: BudgetDraft) => boolean;
  readonly onSend: (draft: BudgetDraft) => void;
}) {
  const { start, budget, tenantId, verb, backTo, isBusy, error, canSend, onSend } = props;
  const [draft, setDraft] = useState(start);
  const change: ChangeDraft = (changed) => setDraft((before) => ({ ...before, ...changed }));
  const errors = fieldErrorsOf(error);
  return (
    <div className="form-columns">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSend(draft);
        }}
      >
        <Stack gap="sm">
          <Panel title="What may be spent">
            <Stack gap="sm">
              <AmountFields draft={draft} change={change} errors={errors} isNew={budget === undefined} />
              <PerFields draft={draft} change={change} errors={errors} isNew={budget === undefined} />
            </Stack>
          </Panel>
          <Panel title="Over which time">
            <PeriodFields draft={draft} change={change} errors={errors} />
          </Panel>
          <Panel title="By whom and for what">
            <Stack gap="sm">
              <Text size="xs" c="dimmed">
                Everything named must hold; several values of one field mean any of them. Nothing named is the whole{" "}
                {tenantId === undefined ? "organization" : "tenant"}.
              </Text>
              <ScopeFields
                value={draft.scope}
                onChange={(scope) => change({ scope })}
                errors={errors}
                hasOffers={tenantId === undefined}
              />
              <ParentField draft={draft} change={change} errors={errors} budget={budget} tenantId={tenantId} />
            </Stack>
          </Panel>
          <Panel title="What happens then">
            <Stack gap="sm">
              <TagsInput
                label="Thresholds in percent"
                description={<WhoTells budgetId={budget?.id} tenantId={tenantId} />}
                value={[...draft.thresholds]}
                splitChars={[",", " ", ";"]}
                acceptValueOnBlur
                error={errorUnder(errors, "thresholds")}
                onChange={(thresholds) => change({ thresholds: thresholds.map((text) => text.replace("%", "")) })}
              />
              <HardFields draft={draft} change={change} errors={errors} />
            </Stack>
          </Panel>
          {budget === undefined ? null : (
            <Panel title="Why it changes">
              <TextInput
                aria-label="Why it changes"
                placeholder="For its history, such as: the launch was moved"
                value={draft.reason}
                error={errors["reason"]}
                onChange={({ currentTarget }) => change({ reason: currentTarget.value })}
              />
            </Panel>
          )}
          {error === null ? null : <ErrorState error={error} />}
          <Group gap="xs">
            <Button type="submit" loading={isBusy} disabled={!canSend(draft)}>
              {verb}
            </Button>
            <Button component={Link} href={backTo} variant="default">
              Cancel
            </Button>
          </Group>
        </Stack>
      </form>
      <div className="form-preview">
        {tenantId === undefined ? (
          <PreviewPanel draft={draft} />
        ) : (
          <Panel title="For a tenant">
            <Text size="sm" c="dimmed">
              It counts what the tenant records from now on and in the period that is going on. The tenant sees it and
              cannot change it. What its projects, users and teams are, it decides.
            </Text>
          </Panel>
        )}
      </div>
    </div>
  );
}

/** That thresholds by themselves tell nobody, where no rule watches them. */
function WhoTells({ budgetId, tenantId }: { budgetId: string | undefined; tenantId: string | undefined }) {
  const rules = useRules();
  const told = "At each of them a rule that watches the budget opens an alert.";
  // A budget that is made now has no rule of its own; a tenant has rules that nobody else sees.
  if (rules.data === undefined || tenantId !== undefined || isWatched(rules.data, budgetId ?? "")) return told;
  return `${told} No rule watches ${budgetId === undefined ? "every budget" : "this one"} yet: "Watch it" on the page of the budget makes one.`;
}

function AmountFields(props: { draft: BudgetDraft; change: ChangeDraft; errors: FieldErrors; isNew: boolean }) {
  const { draft, change, errors, isNew } = props;
  const isMoney = draft.unit === "money";
  // Nobody is corrected in the middle of typing.
  const [isLeft, setLeft] = useState(false);
  const problem = isLeft ? amountProblem(draft.amount, draft.unit) : undefined;
  return (
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
          aria-label="In money or in tokens"
          w="fit-content"
          value={draft.unit}
          data={[
            { value: "money", label: "Money" },
            { value: "tokens", label: "Tokens" },
          ]}
          onChange={(unit) => change({ unit: unit as BudgetDraft["unit"], parentId: "" })}
        />
      ) : null}
      <SimpleGrid cols={isMoney ? 2 : 1} spacing="sm">
        <TextInput
          label={isMoney ? "Amount" : "Tokens"}
          description={isMoney ? undefined : "Input and output together."}
          required
          inputMode={isMoney ? "decimal" : "numeric"}
          value={draft.amount}
          error={problem ?? errors["amount"] ?? errors["tokens"]}
          onBlur={() => setLeft(true)}
          onChange={({ currentTarget }) => {
            setLeft(false);
            change({ amount: currentTarget.value });
          }}
        />
        {isMoney ? (
          <TextInput
            label="Currency"
            disabled={!isNew}
            maxLength={3}
            value={draft.currency}
            error={errors["currency"]}
            onChange={({ currentTarget }) => change({ currency: currentTarget.value.toUpperCase() })}
          />
        ) : null}
      </SimpleGrid>
      <Textarea
        label="Description"
        autosize
        minRows={1}
        maxRows={6}
        value={draft.description}
        error={errors["description"]}
        onChange={({ currentTarget }) => change({ description: currentTarget.value })}
      />
    </Stack>
  );
}

function ParentField(props: {
  draft: BudgetDraft;
  change: ChangeDraft;
  errors: FieldErrors;
  budget: Budget | undefined;
  tenantId: string | undefined;
}) {
  const { draft, change, errors, budget, tenantId } = props;
  const all = useBudgets(tenantId);
  const currency = draft.unit === "tokens" ? null : draft.currency;
  const setBy = tenantId === undefined ? "organization" : "parent";
  const parents = possibleParents({ id: budget?.id, currency, setBy }, all.data ?? []);
  if (parents.length === 0 && draft.parentId === "") return null;
  return (
    <Select
      label="Part of"
      description="Its amount may not exceed that budget's."
      placeholder="no other budget"
      searchable
      clearable
      clearButtonProps={{ "aria-label": "No other budget" }}
      limit={50}
      data={parents.map(({ id, name }) => ({ value: id, label: name }))}
      value={draft.parentId === "" ? null : draft.parentId}
      error={errors["parentId"]}
      onChange={(value) => change({ parentId: value ?? "" })}
    />
  );
}

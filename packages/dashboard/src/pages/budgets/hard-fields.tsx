import { Radio, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import type { FieldErrors } from "../../shell/field-errors.ts";
import type { BudgetDraft } from "./budget-draft.ts";
import type { ChangeDraft } from "./budget-form.tsx";

const actions = [
  { value: "block", label: "Refuse the call" },
  { value: "fallback", label: "Use another model instead" },
  { value: "approve", label: "Refuse until somebody approves" },
  { value: "notify", label: "Grant it, and say so" },
];
const refuseOrAllow = [
  { value: "refuse", label: "Refuse" },
  { value: "allow", label: "Allow" },
];

/** Whether the budget warns or refuses, and what becomes of a call beyond it. */
export function HardFields({
  draft,
  change,
  errors,
}: {
  draft: BudgetDraft;
  change: ChangeDraft;
  errors: FieldErrors;
}) {
  const isHard = draft.enforcement === "hard";
  return (
    <Stack gap="sm">
      <Radio.Group
        label="Beyond the amount"
        value={draft.enforcement}
        error={errors["enforcement"]}
        onChange={(value) => change({ enforcement: value as BudgetDraft["enforcement"] })}
      >
        <Stack gap={6} mt={6}>
          <Radio value="soft" label="Soft: warn alone" />
          <Radio value="hard" label="Hard: refuse calls that reserve beyond it" />
        </Stack>
      </Radio.Group>
      {isHard ? (
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="sm">
          <Select
            label="At the limit"
            allowDeselect={false}
            data={actions}
            value={draft.action}
            error={errors["atLimit"] ?? errors["atLimit.action"]}
            onChange={(value) => change({ action: (value ?? "block") as BudgetDraft["action"] })}
          />
          {draft.action === "fallback" ? (
            <>
              <TextInput
                label="Other model"
                required
                value={draft.fallbackModel}
                error={errors["atLimit.model"]}
                onChange={({ currentTarget }) => change({ fallbackModel: currentTarget.value })}
              />
              <TextInput
                label="Its provider"
                placeholder="the same"
                value={draft.fallbackProvider}
                error={errors["atLimit.provider"]}
                onChange={({ currentTarget }) => change({ fallbackProvider: currentTarget.value })}
              />
            </>
          ) : null}
          {draft.unit === "money" ? (
            <Select
              label="Models without a price"
              allowDeselect={false}
              data={refuseOrAllow}
              value={draft.unpriced}
              error={errors["unpriced"]}
              onChange={(value) => change({ unpriced: (value ?? "refuse") as BudgetDraft["unpriced"] })}
            />
          ) : null}
          <Select
            label="While the database is away"
            allowDeselect={false}
            data={refuseOrAllow}
            value={draft.whenStoreIsAway}
            error={errors["whenStoreIsAway"]}
            onChange={(value) => change({ whenStoreIsAway: (value ?? "refuse") as BudgetDraft["whenStoreIsAway"] })}
          />
        </SimpleGrid>
      ) : null}
    </Stack>
  );
}

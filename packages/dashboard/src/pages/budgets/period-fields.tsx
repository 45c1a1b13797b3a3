import { Select, SimpleGrid, TextInput } from "@mantine/core";
import { ZoneField } from "../../period/zone-field.tsx";
import type { FieldErrors } from "../../shell/field-errors.ts";
import type { BudgetDraft } from "./budget-draft.ts";
import type { ChangeDraft } from "./budget-form.tsx";
import { monthNames, periodNames } from "./budget-words.ts";

const kinds = Object.entries(periodNames).map(([value, label]) => ({ value, label }));
const months = monthNames.map((label, at) => ({ value: String(at + 1), label }));

/** Only what means something to the kind of period is asked. */
export function PeriodFields({
  draft,
  change,
  errors,
}: {
  draft: BudgetDraft;
  change: ChangeDraft;
  errors: FieldErrors;
}) {
  const { kind } = draft;
  const isZoned = kind !== "rolling" && kind !== "prepaid";
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="sm">
      <Select
        label="Period"
        allowDeselect={false}
        data={kinds}
        value={kind}
        error={errors["period"] ?? errors["period.kind"]}
        onChange={(value) => change({ kind: (value ?? "month") as BudgetDraft["kind"] })}
      />
      {isZoned ? (
        <ZoneField
          value={draft.timeZone}
          error={errors["period.timeZone"]}
          onChange={(timeZone) => change({ timeZone })}
        />
      ) : null}
      {kind === "quarter" || kind === "year" ? (
        <Select
          label="Years begin in"
          allowDeselect={false}
          data={months}
          value={draft.fiscalStartMonth}
          error={errors["period.fiscalStartMonth"]}
          onChange={(value) => change({ fiscalStartMonth: value ?? "1" })}
        />
      ) : null}
      {kind === "rolling" ? (
        <TextInput
          label="Hours"
          description="The last hours, which end now; 720 are thirty days."
          inputWrapperOrder={["label", "input", "description", "error"]}
          inputMode="numeric"
          value={draft.rollingHours}
          error={errors["period.rollingHours"]}
          onChange={({ currentTarget }) => change({ rollingHours: currentTarget.value })}
        />
      ) : null}
      {kind === "prepaid" ? (
        <TextInput
          type="datetime-local"
          label="Counts since (UTC)"
          description="All since then, without reset. Now if empty."
          inputWrapperOrder={["label", "input", "description", "error"]}
          value={draft.startsAt}
          error={errors["period.startsAt"]}
          onChange={({ currentTarget }) => change({ startsAt: currentTarget.value })}
        />
      ) : null}
    </SimpleGrid>
  );
}

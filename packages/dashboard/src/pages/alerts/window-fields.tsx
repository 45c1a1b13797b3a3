import { Select, TextInput } from "@mantine/core";
import { ZoneField } from "../../period/zone-field.tsx";
import { type RuleDraft, windowKindOf, windowKindsOf } from "./rule-draft.ts";
import type { RuleFieldsProps } from "./rule-form.tsx";

const windowLabels = {
  rolling: "the last minutes",
  hour: "the present hour",
  day: "the present day",
} as const satisfies Record<RuleDraft["windowKind"], string>;

/** The time that a metric is of. */
export function WindowFields({ draft, change, errors }: RuleFieldsProps) {
  const kinds = windowKindsOf(draft.metric);
  const kind = windowKindOf(draft);
  return (
    <>
      {kinds.length > 1 ? (
        <Select
          label="Over"
          allowDeselect={false}
          data={kinds.map((value) => ({ value, label: windowLabels[value] }))}
          value={kind}
          error={errors["window"] ?? errors["window.kind"]}
          onChange={(value) => change({ windowKind: (value ?? kinds[0]) as RuleDraft["windowKind"] })}
        />
      ) : null}
      {kind === "rolling" && draft.metric !== "hourly_cost" ? (
        <TextInput
          label="Minutes"
          inputMode="numeric"
          value={draft.windowMinutes}
          error={errors["window.minutes"]}
          onChange={({ currentTarget }) => change({ windowMinutes: currentTarget.value })}
        />
      ) : null}
      {kind === "rolling" ? null : (
        <ZoneField
          label={kind === "day" ? "Time zone of the day" : "Time zone of the hour"}
          value={draft.windowZone}
          error={errors["window.timeZone"]}
          onChange={(windowZone) => change({ windowZone })}
        />
      )}
    </>
  );
}

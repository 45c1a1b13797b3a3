import { Select, SimpleGrid, TextInput } from "@mantine/core";
import type { FieldErrors } from "../../shell/field-errors.ts";
import type { BudgetDraft } from "./budget-draft.ts";
import type { ChangeDraft } from "./budget-form.tsx";
import { perDimensions } from "./per.ts";

const choices = [
  { value: "none", label: "One amount for all" },
  ...perDimensions.map(({ name, word }) => ({ value: name, label: `Each ${word}` })),
  { value: "tag", label: "Each value of a tag" },
];

/** Whether all that is counted has one amount, or each value of something has it by itself. */
export function PerFields(props: { draft: BudgetDraft; change: ChangeDraft; errors: FieldErrors; isNew: boolean }) {
  const { draft, change, errors, isNew } = props;
  const isTag = draft.per === "tag";
  return (
    <SimpleGrid cols={{ base: 1, xs: isTag ? 2 : 1 }} spacing="sm" style={{ alignItems: "start" }}>
      <Select
        label="The amount is for"
        description={isNew ? "Not to be changed later." : "Stays as it was made."}
        inputWrapperOrder={["label", "input", "description", "error"]}
        allowDeselect={false}
        disabled={!isNew}
        data={choices}
        value={draft.per}
        error={isTag ? undefined : errors["per"]}
        onChange={(per) => change({ per: per ?? "none" })}
      />
      {isTag ? (
        <TextInput
          label="Key of the tag"
          required
          disabled={!isNew}
          value={draft.perTag}
          error={errors["per"]}
          onChange={({ currentTarget }) => change({ perTag: currentTarget.value })}
        />
      ) : null}
    </SimpleGrid>
  );
}

import { ActionIcon, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { Icon } from "../../shell/icons.tsx";
import {
  type DraftErrors,
  emptyFactor,
  emptyRate,
  type FactorDraft,
  nextKey,
  type PriceDraft,
  type RateDraft,
  withKind,
} from "./price-draft.ts";
import type { ChangeDraft } from "./price-form.tsx";
import { kindLabel, kinds } from "./price-words.ts";

interface RowsProps {
  readonly draft: PriceDraft;
  readonly change: ChangeDraft;
  readonly errors: DraftErrors;
}

/** A row a rate: a kind, its price, and when it holds where that is not always. */
export function RateRows({ draft, change, errors }: RowsProps) {
  const { rates } = draft;
  const put = (row: RateDraft): void => change({ rates: rates.map((one) => (one.key === row.key ? row : one)) });
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        As the provider publishes them, with every digit. A row without a price is left out; threshold, tier and region
        are for prices that do not always hold.
      </Text>
      <div>
        <div className="rate-row rate-head" aria-hidden="true">
          <span>Kind</span>
          <span>Price</span>
          <span>Per</span>
          <span>Above tokens</span>
          <span>Tier</span>
          <span>Region</span>
          <span />
        </div>
        {rates.map((row, at) => (
          <RateRow
            key={row.key}
            row={row}
            name={`Price ${at + 1}`}
            currency={draft.currency}
            errors={errors}
            onChange={put}
            onRemove={() => change({ rates: rates.filter(({ key }) => key !== row.key) })}
          />
        ))}
      </div>
      <Group>
        <Button
          size="xs"
          variant="default"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => change({ rates: [...rates, emptyRate(nextKey(rates), "input")] })}
        >
          Another price
        </Button>
      </Group>
    </Stack>
  );
}

const kindChoices = Object.entries(kinds).map(([value, label]) => ({ value, label }));

function RateRow(props: {
  readonly row: RateDraft;
  readonly name: string;
  readonly currency: string;
  readonly errors: DraftErrors;
  readonly onChange: (row: RateDraft) => void;
  readonly onRemove: () => void;
}) {
  const { row, name, currency, errors, onChange, onRemove } = props;
  const text = (field: "price" | "per" | "above" | "serviceTier" | "region", label: string, placeholder: string) => (
    <TextInput
      aria-label={`${name}: ${label}`}
      placeholder={placeholder}
      value={row[field]}
      error={errors.of(`rate ${row.key} ${field}`)}
      {...(field === "price" || field === "per" || field === "above" ? { inputMode: "decimal" as const } : {})}
      onChange={({ currentTarget }) => onChange({ ...row, [field]: currentTarget.value })}
    />
  );
  return (
    <div className="rate-row">
      <Select
        aria-label={`${name}: kind`}
        allowDeselect={false}
        searchable
        value={row.kind}
        data={row.kind in kinds ? kindChoices : [...kindChoices, { value: row.kind, label: kindLabel(row.kind) }]}
        error={errors.of(`rate ${row.key} kind`)}
        description={row.timeOfDay === null ? undefined : `${row.timeOfDay.from}–${row.timeOfDay.to} UTC`}
        inputWrapperOrder={["label", "input", "description", "error"]}
        onChange={(kind) => onChange(withKind(row, kind ?? row.kind))}
      />
      {text("price", `price in ${currency}`, `in ${currency}`)}
      {text("per", "per", "1000000")}
      {text("above", "above so many tokens of input", "threshold")}
      {text("serviceTier", "tier", "tier")}
      {text("region", "region", "region")}
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`${name}: remove`} onClick={onRemove}>
        <Icon name="close" size={14} />
      </ActionIcon>
    </div>
  );
}

/** What all token prices of a tier or region are multiplied by, such as half for batches. */
export function FactorRows({ draft, change, errors }: RowsProps) {
  const { factors } = draft;
  const put = (row: FactorDraft): void => change({ factors: factors.map((one) => (one.key === row.key ? row : one)) });
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        What every price of tokens is multiplied by where a tier or a region served the call, such as 0.5 for the tier
        batch.
      </Text>
      <div>
        {factors.map((row, at) => (
          <FactorRow
            key={row.key}
            row={row}
            name={`Factor ${at + 1}`}
            errors={errors}
            onChange={put}
            onRemove={() => change({ factors: factors.filter(({ key }) => key !== row.key) })}
          />
        ))}
      </div>
      <Group>
        <Button
          size="xs"
          variant="default"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => change({ factors: [...factors, emptyFactor(nextKey(factors))] })}
        >
          {factors.length === 0 ? "A factor" : "Another factor"}
        </Button>
      </Group>
    </Stack>
  );
}

function FactorRow(props: {
  readonly row: FactorDraft;
  readonly name: string;
  readonly errors: DraftErrors;
  readonly onChange: (row: FactorDraft) => void;
  readonly onRemove: () => void;
}) {
  const { row, name, errors, onChange, onRemove } = props;
  const text = (field: "factor" | "serviceTier" | "region", label: string, placeholder: string) => (
    <TextInput
      aria-label={`${name}: ${label}`}
      placeholder={placeholder}
      value={row[field]}
      error={errors.of(`factor ${row.key} ${field}`)}
      onChange={({ currentTarget }) => onChange({ ...row, [field]: currentTarget.value })}
    />
  );
  return (
    <div className="factor-row">
      {text("factor", "factor", "factor, such as 0.5")}
      {text("serviceTier", "tier", "tier, such as batch")}
      {text("region", "region", "region")}
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`${name}: remove`} onClick={onRemove}>
        <Icon name="close" size={14} />
      </ActionIcon>
    </div>
  );
}

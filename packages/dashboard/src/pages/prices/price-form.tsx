import "./prices.css";
import { Alert, Button, Group, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { fieldErrorsOf } from "../../data/ask.ts";
import { Icon } from "../../shell/icons.tsx";
import { ErrorState, Panel } from "../../shell/states.tsx";
import { PresentPrice } from "./present-price.tsx";
import { type DraftErrors, errorsOf, type PriceDraft } from "./price-draft.ts";
import { FactorRows, RateRows } from "./rate-rows.tsx";

/** Changes some fields of what is edited. */
export type ChangeDraft = (change: Partial<PriceDraft>) => void;

/** Makes or changes a price of the organization's own. The server checks it, with the same rules as for everybody else. */
export function PriceForm(props: {
  readonly start: PriceDraft;
  readonly isNew: boolean;
  readonly verb: string;
  readonly backTo: string;
  readonly isBusy: boolean;
  readonly error: Error | null;
  readonly onSend: (draft: PriceDraft) => void;
}) {
  const { start, isNew, verb, backTo, isBusy, error, onSend } = props;
  const [draft, setDraft] = useState(start);
  // Errors are about what was sent, whose rows may have moved since.
  const [sent, setSent] = useState(start);
  const change: ChangeDraft = (changed) => setDraft((before) => ({ ...before, ...changed }));
  const errors = errorsOf(sent, fieldErrorsOf(error));
  return (
    <div className="price-columns">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setSent(draft);
          onSend(draft);
        }}
      >
        <Stack gap="sm">
          <Panel title="What is priced, and when">
            <AboutFields draft={draft} change={change} errors={errors} isNew={isNew} />
          </Panel>
          <Panel title="Prices">
            <RateRows draft={draft} change={change} errors={errors} />
          </Panel>
          <Panel title="Factors">
            <FactorRows draft={draft} change={change} errors={errors} />
          </Panel>
          {error === null ? null : <ErrorState error={error} />}
          {errors.rest.length === 0 ? null : (
            <Alert color="red" variant="light" icon={<Icon name="warning" />} title="What is wrong">
              {errors.rest.map((text) => (
                <Text key={text} size="sm">
                  {text}
                </Text>
              ))}
            </Alert>
          )}
          <Group gap="xs">
            <Button type="submit" loading={isBusy}>
              {verb}
            </Button>
            <Button component={Link} href={backTo} variant="default">
              Cancel
            </Button>
          </Group>
        </Stack>
      </form>
      <PresentPrice provider={draft.provider} model={draft.model} />
    </div>
  );
}

function AboutFields(props: { draft: PriceDraft; change: ChangeDraft; errors: DraftErrors; isNew: boolean }) {
  const { draft, change, errors, isNew } = props;
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput
          label="Provider"
          placeholder="openai"
          value={draft.provider}
          disabled={!isNew}
          error={errors.of("provider")}
          onChange={({ currentTarget }) => change({ provider: currentTarget.value })}
        />
        <TextInput
          label="Model"
          placeholder="As your calls name it"
          value={draft.model}
          disabled={!isNew}
          error={errors.of("model")}
          onChange={({ currentTarget }) => change({ model: currentTarget.value })}
        />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
        <TextInput
          type="datetime-local"
          label="From (UTC)"
          description={isNew ? "Empty: since ever" : "The version before ends then"}
          value={draft.effectiveDate}
          error={errors.of("effectiveDate")}
          onChange={({ currentTarget }) => change({ effectiveDate: currentTarget.value })}
        />
        <TextInput
          type="datetime-local"
          label="Until (UTC)"
          description={isNew ? "Empty: without an end" : "Empty: as before"}
          value={draft.endDate}
          error={errors.of("endDate")}
          onChange={({ currentTarget }) => change({ endDate: currentTarget.value })}
        />
        <TextInput
          label="Currency"
          description="Three letters, such as USD"
          value={draft.currency}
          error={errors.of("currency")}
          onChange={({ currentTarget }) => change({ currency: currentTarget.value })}
        />
      </SimpleGrid>
      {draft.rates.some(({ above }) => above !== "") ? (
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <Select
            label="Above a threshold"
            allowDeselect={false}
            value={draft.tierMode}
            data={[
              { value: "whole_request", label: "the whole call has the higher price" },
              { value: "marginal", label: "only what is above it has" },
            ]}
            onChange={(value) => change({ tierMode: value as PriceDraft["tierMode"] })}
          />
          <Select
            label="What counts towards it"
            allowDeselect={false}
            value={draft.contextBasis}
            data={[
              { value: "all_input", label: "all input" },
              { value: "fresh_input", label: "input that no cache had" },
            ]}
            onChange={(value) => change({ contextBasis: value as PriceDraft["contextBasis"] })}
          />
        </SimpleGrid>
      ) : null}
    </Stack>
  );
}

import "./prices.css";
import type { PriceRecord } from "@llm-cost-ops/sdk";
import { Anchor, Badge, Button, Group, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { formatMoneyExact } from "../../format/money.ts";
import { formatCount } from "../../format/numbers.ts";
import { useSession } from "../../session/session-context.tsx";
import { Icon } from "../../shell/icons.tsx";
import { ErrorState, Loading, PageHeader } from "../../shell/states.tsx";
import { type Column, DataTable } from "../../table/data-table.tsx";
import { choiceField, textField } from "../../url-state/fields.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { type Source, sources, usePriceList, useProviders } from "./price-questions.ts";
import { byModel, type ModelPrices } from "./price-table.ts";
import { besidesText, countedModels, modelHref, plainRate, sinceText, stateText } from "./price-words.ts";
import { UnpricedPanel } from "./unpriced.tsx";

const fields = { q: textField(), provider: textField(), of: choiceField(sources) };

/** What everything costs. */
export default function PricesPage() {
  const { may } = useSession();
  return (
    <>
      <PageHeader title="Prices" reads={fields}>
        <Button component={Link} href="/prices/catalogue" variant="default">
          Catalogue
        </Button>
        {may("repricings:read") ? (
          <Button component={Link} href="/prices/repricings" variant="default">
            Repricing
          </Button>
        ) : null}
        {may("prices:write") ? (
          <Button component={Link} href="/prices/new" leftSection={<Icon name="plus" size={16} />}>
            Add a price
          </Button>
        ) : null}
      </PageHeader>
      <Stack gap="sm">
        {may("costs:read") ? <UnpricedPanel /> : null}
        <PriceList />
      </Stack>
    </>
  );
}

function PriceList() {
  const [state, change] = useUrlState(fields);
  const [search] = useDebouncedValue(state.q, 200);
  const providers = useProviders();
  const prices = usePriceList({ search, provider: state.provider, source: state.of });
  const models = useMemo(() => byModel(prices.data ?? []), [prices.data]);
  const [nowMs] = useState(() => Date.now());
  const columns = useMemo(() => columnsOf(state.of, nowMs), [state.of, nowMs]);
  return (
    <section className="panel" aria-label="Prices of models">
      <Group gap="xs" mb="xs">
        <TextInput
          aria-label="Find a model"
          placeholder="Model or provider"
          value={state.q}
          w={230}
          onChange={({ currentTarget }) => change({ q: currentTarget.value }, { replace: true })}
        />
        <Select
          aria-label="Provider"
          w={200}
          allowDeselect={false}
          searchable
          value={state.provider}
          data={[
            { value: "", label: "Any provider" },
            ...(providers.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
          ]}
          onChange={(provider) => change({ provider: provider ?? "" })}
        />
        <SegmentedControl
          size="xs"
          aria-label="Which prices"
          value={state.of}
          onChange={(of) => change({ of: of as Source })}
          data={[
            { value: "all", label: "In force" },
            { value: "organization", label: "Our own" },
          ]}
        />
      </Group>
      {prices.data === undefined ? (
        prices.error === null ? (
          <Loading height={480} />
        ) : (
          <ErrorState error={prices.error} onRetry={() => void prices.refetch()} />
        )
      ) : (
        <div className="price-list" aria-busy={prices.isPlaceholderData}>
          <DataTable
            name="Prices"
            columns={columns}
            rows={models}
            rowKey={({ provider, model }) => JSON.stringify([provider, model])}
            maxHeight={620}
            empty={
              state.of === "organization" && state.q === "" && state.provider === ""
                ? "You have no price of your own. One that you add goes before the catalogue’s."
                : "No price matches."
            }
          />
          <Group justify="space-between" mt="xs">
            <Text size="xs" c="dimmed">
              {countedModels(models.length)}
              {prices.hasNextPage ? ", and more" : ""}; input, cache and output per million tokens
            </Text>
            {prices.hasNextPage ? (
              <Button
                size="xs"
                variant="default"
                loading={prices.isFetchingNextPage}
                onClick={() => void prices.fetchNextPage()}
              >
                Show more
              </Button>
            ) : null}
          </Group>
        </div>
      )}
    </section>
  );
}

/** The one that a list shows for a model: what applies now, else the newest. */
const shownOf = ({ present, versions }: ModelPrices): PriceRecord => present ?? (versions.at(-1) as PriceRecord);

function columnsOf(source: Source, nowMs: number): readonly Column<ModelPrices>[] {
  const price = (kind: string) => (row: ModelPrices) => {
    const shown = shownOf(row);
    const rate = plainRate(shown, kind);
    if (rate === undefined || rate.per !== 1_000_000) return <span className="quiet">–</span>;
    return formatMoneyExact(rate.price, shown.currency);
  };
  return [
    {
      key: "model",
      label: "Model",
      cell: ({ provider, model }) => (
        <Anchor component={Link} href={modelHref(provider, model)} inherit className="price-name clip" title={model}>
          <bdi>{model}</bdi>
        </Anchor>
      ),
    },
    { key: "input", label: "Input", numeric: true, cell: price("input") },
    { key: "cache", label: "Cache read", numeric: true, cell: price("cache_read") },
    { key: "output", label: "Output", numeric: true, cell: price("output") },
    {
      key: "besides",
      label: "Also priced",
      cell: (row) => <span className="quiet">{besidesText(shownOf(row))}</span>,
    },
    {
      key: "whose",
      label: source === "organization" ? "State" : "Source",
      cell: (row) => <Whose row={row} source={source} nowMs={nowMs} />,
    },
    { key: "since", label: "Since", cell: (row) => sinceText(shownOf(row).effectiveDate) },
    { key: "provider", label: "Provider", cell: ({ provider }) => <bdi>{provider}</bdi> },
  ];
}

function Whose({ row, source, nowMs }: { row: ModelPrices; source: Source; nowMs: number }) {
  const shown = shownOf(row);
  if (shown.source === "catalogue") return <span className="quiet">catalogue</span>;
  const versions = row.versions.length;
  const text =
    source === "organization"
      ? `${stateText(shown, nowMs)}${versions === 1 ? "" : `, ${formatCount(versions)} versions`}`
      : row.overridden === undefined
        ? "ours"
        : "ours, not the catalogue’s";
  return (
    <Badge size="sm" variant="dot" tt="none" color={shown.active ? "petrol" : "gray"}>
      {text}
    </Badge>
  );
}

import "./prices.css";
import type { PriceRecord } from "@llm-cost-ops/sdk";
import { Anchor, Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useCallback, useMemo, useState } from "react";
import { Link, useSearch } from "wouter";
import { Chart } from "../../chart/chart.tsx";
import type { ChartTheme } from "../../chart/chart-theme.ts";
import { useAct } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { formatInstant } from "../../format/instants.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { useSession } from "../../session/session-context.tsx";
import { ConfirmDialog } from "../../shell/confirm-dialog.tsx";
import { Answer, BackLink, EmptyState, PageHeader, Panel } from "../../shell/states.tsx";
import { DataTable } from "../../table/data-table.tsx";
import { textField } from "../../url-state/fields.ts";
import { exploreFilterHref } from "./explore-link.ts";
import { historyOf, historyOption, historyTable, type PriceHistory } from "./price-history.ts";
import { priceSubjects, useAliases, useModelVersions } from "./price-questions.ts";
import { type ModelPrices, modelPrices } from "./price-table.ts";
import { kindLabel, newPriceHref, perText, plainRate, stateText, validityText } from "./price-words.ts";
import { RatesTable } from "./rates-table.tsx";

const readFields = { provider: textField(), model: textField() };

/** Everything about the price of one model: `?provider=…&model=…`. */
export default function PricePage() {
  const query = new URLSearchParams(useSearch());
  const [provider, model] = [query.get("provider") ?? "", query.get("model") ?? ""];
  const versions = useModelVersions(provider, model);
  // What its parts need is asked for at once, not after the versions are here.
  useAliases();
  return (
    <>
      <BackLink to="/prices">Prices</BackLink>
      {provider === "" || model === "" ? (
        <EmptyState icon="prices" title="Which model?">
          The address names none. Choose one in the list of prices.
        </EmptyState>
      ) : (
        <Answer of={versions} height={480}>
          {(all) => <ModelPrice prices={modelPrices(all[0]?.provider ?? provider, all[0]?.model ?? model, all)} />}
        </Answer>
      )}
    </>
  );
}

function ModelPrice({ prices }: { prices: ModelPrices }) {
  const { provider, model, present, overridden, versions } = prices;
  const { may } = useSession();
  const zone = useTimeZone();
  const mayChange = may("prices:write");
  return (
    <>
      <PageHeader title={model} reads={readFields}>
        {mayChange ? <Actions prices={prices} /> : null}
      </PageHeader>
      <Stack gap="sm">
        {overridden === undefined || present === undefined ? null : <Overridden own={present} catalogue={overridden} />}
        <div className="price-columns">
          <Panel
            title="The price now"
            aside={
              present === undefined ? null : (
                <Badge variant="dot" tt="none" color={present.source === "catalogue" ? "gray" : "petrol"}>
                  {present.source === "catalogue" ? "catalogue" : "ours"}
                </Badge>
              )
            }
          >
            {present === undefined ? (
              <EmptyState
                icon="prices"
                title="No price applies now"
                action={
                  mayChange ? (
                    <Button component={Link} href={newPriceHref(provider, model)}>
                      Add a price
                    </Button>
                  ) : undefined
                }
              >
                Calls of this model are recorded without a cost until it has one.
              </EmptyState>
            ) : (
              <RatesTable price={present} name="Prices of each kind" />
            )}
          </Panel>
          <Panel title="About it">
            <dl className="price-facts">
              <Fact name="Provider">
                <bdi>{provider}</bdi>
              </Fact>
              {present === undefined ? null : (
                <>
                  <Fact name="In force">{validityText(present, zone)}</Fact>
                  <Fact name="Currency">{present.currency}</Fact>
                  <Fact name="Version">{present.id}</Fact>
                  {present.catalogueVersion === null ? null : (
                    <Fact name="Catalogue">
                      <Anchor component={Link} href="/prices/catalogue" inherit>
                        {present.catalogueVersion}
                      </Anchor>
                    </Fact>
                  )}
                  <Fact name="Recorded">{formatInstant(present.createdAt, zone)}</Fact>
                </>
              )}
              <AliasFact provider={provider} model={model} />
            </dl>
            <Group gap="md" mt="sm">
              {may("costs:read") ? (
                <Anchor component={Link} size="sm" href={exploreFilterHref({ model: [model], provider: [provider] })}>
                  Its calls
                </Anchor>
              ) : null}
              {may("repricings:read") ? (
                <Anchor
                  component={Link}
                  size="sm"
                  href={`/prices/repricings?${new URLSearchParams({ provider, model })}`}
                >
                  Price the past again
                </Anchor>
              ) : null}
            </Group>
          </Panel>
        </div>
        <History versions={versions} />
        <Versions prices={prices} />
      </Stack>
    </>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Own prices are changed and ended; the catalogue's are gone before. */
function Actions({ prices: { provider, model, present } }: { prices: ModelPrices }) {
  const [isEnding, setEnding] = useState(false);
  const end = useAct((client, id: string) => client.pricing.end(id), priceSubjects);
  if (present === undefined) return null;
  if (present.source === "catalogue") {
    const query = new URLSearchParams({ provider, model, from: present.id });
    return (
      <Button component={Link} href={`/prices/new?${query}`}>
        Set a price of our own
      </Button>
    );
  }
  return (
    <>
      <Button variant="default" onClick={() => setEnding(true)}>
        End it
      </Button>
      <Button component={Link} href={`/prices/change?${new URLSearchParams({ id: present.id })}`}>
        Change it
      </Button>
      <ConfirmDialog
        isOpen={isEnding}
        title="End this price"
        verb="End the price"
        isBusy={end.isPending}
        error={end.error}
        onConfirm={() => end.mutate(present.id, { onSuccess: () => setEnding(false) })}
        onClose={() => setEnding(false)}
      >
        From now on the catalogue’s price of <bdi>{model}</bdi> applies, or none if it has none. Costs that were
        recorded stay as they are.
      </ConfirmDialog>
    </>
  );
}

/** What the catalogue would say, where the organization says something else. */
function Overridden({ own, catalogue }: { own: PriceRecord; catalogue: PriceRecord }) {
  const compared = ["input", "cache_read", "output"].flatMap((kind) => {
    const [ours, theirs] = [plainRate(own, kind), plainRate(catalogue, kind)];
    if (ours === undefined && theirs === undefined) return [];
    const text = (price: PriceRecord, rate: typeof ours): string =>
      rate === undefined ? "none" : formatMoneyExact(rate.price, price.currency);
    return [{ kind, ours: text(own, ours), theirs: text(catalogue, theirs) }];
  });
  return (
    <section className="panel" aria-label="What it replaces">
      <Text size="sm">
        <Text component="span" inherit fw={600}>
          Your own price goes before the catalogue’s.
        </Text>{" "}
        {compared.map(({ kind, ours, theirs }, at) => (
          <span key={kind}>
            {at === 0 ? "" : "; "}
            {kindLabel(kind)} {ours === theirs ? `${ours}, the same` : `${ours} instead of ${theirs}`}
          </span>
        ))}
        .
      </Text>
    </section>
  );
}

const aliasesMax = 12;

function AliasFact({ provider, model }: { provider: string; model: string }) {
  const aliases = useAliases();
  const names = (aliases.data ?? []).filter((one) => one.provider === provider && one.model === model);
  if (names.length === 0) return null;
  const shown = names.slice(0, aliasesMax).map(({ alias }) => alias);
  return (
    <Fact name="Also called">
      <bdi>{shown.join(", ")}</bdi>
      {names.length > aliasesMax ? `, and ${names.length - aliasesMax} more names` : ""}
    </Fact>
  );
}

function History({ versions }: { versions: readonly PriceRecord[] }) {
  const [nowMs] = useState(() => Date.now());
  const history = useMemo(() => historyOf(versions, nowMs), [versions, nowMs]);
  return history === undefined ? null : <HistoryChart history={history} />;
}

function HistoryChart({ history }: { history: PriceHistory }) {
  const zone = useTimeZone();
  const option = useCallback((theme: ChartTheme) => historyOption(history, zone, theme), [history, zone]);
  const table = useMemo(() => historyTable(history, zone), [history, zone]);
  const unit = perText(history.kinds[0] ?? "", history.per);
  return (
    <Chart
      title="What applied when"
      summary={`${history.spans.length} stretches of time with a price of their own.`}
      option={option}
      table={table}
      height={240}
      aside={
        <Text size="xs" c="dimmed">
          {unit}
        </Text>
      }
    />
  );
}

const stateColors = {
  "in force": "teal",
  "to come": "blue",
  over: "gray",
  replaced: "gray",
  overridden: "gray",
} as const;

function Versions({ prices: { versions, overridden } }: { prices: ModelPrices }) {
  const zone = useTimeZone();
  const [nowMs] = useState(() => Date.now());
  const latestFirst = useMemo(() => versions.toReversed(), [versions]);
  const price = (kind: string) => (version: PriceRecord) => {
    const rate = plainRate(version, kind);
    return rate === undefined ? "–" : formatMoneyExact(rate.price, version.currency);
  };
  if (versions.length === 0) return null;
  return (
    <Panel title="Versions">
      <div className="price-versions">
        <DataTable
          name="Versions"
          rows={latestFirst}
          rowKey={({ id }) => id}
          columns={[
            { key: "valid", label: "In force", cell: (version) => validityText(version, zone) },
            {
              key: "state",
              label: "State",
              cell: (version) => {
                const state = version.id === overridden?.id ? "overridden" : stateText(version, nowMs);
                return (
                  <Badge size="sm" variant="dot" tt="none" color={stateColors[state]}>
                    {state}
                  </Badge>
                );
              },
            },
            { key: "whose", label: "Source", cell: ({ source }) => (source === "catalogue" ? "catalogue" : "ours") },
            { key: "input", label: "Input", numeric: true, cell: price("input") },
            { key: "cache", label: "Cache read", numeric: true, cell: price("cache_read") },
            { key: "output", label: "Output", numeric: true, cell: price("output") },
            { key: "id", label: "Version", cell: ({ id }) => <span className="quiet">{id}</span> },
          ]}
        />
      </div>
      <Text size="xs" c="dimmed" mt="xs">
        A version is never edited: a change is a new one, and every cost names the version that it was made of.
      </Text>
    </Panel>
  );
}

import type { CatalogueDifference } from "@llm-cost-ops/sdk";
import { Anchor, Tabs, Text } from "@mantine/core";
import { type ReactNode, useMemo } from "react";
import { Link } from "wouter";
import { formatCount } from "../../format/numbers.ts";
import { Panel } from "../../shell/states.tsx";
import { DataTable } from "../../table/data-table.tsx";
import { conditionText, kindLabel, modelHref } from "./price-words.ts";

interface ChangedRate {
  readonly key: string;
  readonly provider: string;
  readonly model: string;
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

/** One line for each rate that changes: the model is named in each, so that a line says all by itself. */
export const changedRates = ({ changed }: CatalogueDifference): readonly ChangedRate[] =>
  changed.flatMap(({ provider, model, rates }) =>
    rates.map(({ kind, serviceTier, above, before, after }, at) => {
      const condition = conditionText({ serviceTier, above, region: null, timeOfDay: null });
      return {
        key: JSON.stringify([provider, model, at]),
        provider,
        model,
        what: condition === "standard" ? kindLabel(kind) : `${kindLabel(kind)}, ${condition}`,
        before: before ?? "–",
        after: after ?? "–",
      };
    }),
  );

/** What a catalogue would add, change and take out. */
export function DifferencePanel({ difference, action }: { difference: CatalogueDifference; action: ReactNode }) {
  const { added, changed, removed, unchanged, problems } = difference;
  const rates = useMemo(() => changedRates(difference), [difference]);
  const tabs = [
    { value: "changed", count: changed.length, label: "changed" },
    { value: "added", count: added.length, label: "added" },
    { value: "removed", count: removed.length, label: "no longer in it" },
    { value: "problems", count: problems.length, label: "not understood" },
  ].filter(({ count }) => count > 0);
  const first = tabs[0]?.value;
  return (
    <Panel title="What would change" aside={action}>
      {added.length + changed.length + removed.length > 0 ? null : (
        <Text size="sm" mb={first === undefined ? 0 : "xs"}>
          Nothing: the prices of all {formatCount(unchanged)} models are these already.
        </Text>
      )}
      {first === undefined ? null : (
        <Tabs defaultValue={first} keepMounted={false}>
          <Tabs.List mb="xs">
            {tabs.map(({ value, count, label }) => (
              <Tabs.Tab key={value} value={value}>
                {formatCount(count)} {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="changed" className="price-list">
            <DataTable
              name="Changed prices"
              rows={rates}
              rowKey={({ key }) => key}
              columns={[
                { key: "model", label: "Model", cell: (row) => <Model {...row} /> },
                { key: "what", label: "Price of", cell: ({ what }) => what },
                { key: "before", label: "Before", numeric: true, cell: ({ before }) => before },
                { key: "after", label: "After", numeric: true, cell: ({ after }) => after },
                { key: "provider", label: "Provider", cell: ({ provider }) => provider },
              ]}
            />
          </Tabs.Panel>
          <Tabs.Panel value="added" className="price-list">
            <Models name="Added models" models={added} />
          </Tabs.Panel>
          <Tabs.Panel value="removed" className="price-list">
            <Models name="Models that are no longer in it" models={removed} />
          </Tabs.Panel>
          <Tabs.Panel value="problems">
            <DataTable
              name="What was not understood"
              rows={problems.map((problem, at) => ({ ...problem, at }))}
              rowKey={({ at }) => String(at)}
              columns={[
                { key: "entry", label: "Entry", cell: ({ entry }) => <bdi>{entry}</bdi> },
                { key: "message", label: "Problem", cell: ({ message }) => message },
              ]}
            />
          </Tabs.Panel>
          <Text size="xs" c="dimmed" mt="xs">
            {formatCount(unchanged)} {unchanged === 1 ? "model keeps its price" : "models keep their prices"}.
          </Text>
        </Tabs>
      )}
    </Panel>
  );
}

function Model({ provider, model }: { provider: string; model: string }) {
  return (
    <Anchor component={Link} href={modelHref(provider, model)} inherit className="price-name clip" title={model}>
      <bdi>{model}</bdi>
    </Anchor>
  );
}

function Models({ name, models }: { name: string; models: CatalogueDifference["added"] }) {
  return (
    <DataTable
      name={name}
      rows={models}
      rowKey={({ provider, model }) => JSON.stringify([provider, model])}
      columns={[
        { key: "model", label: "Model", cell: (row) => <Model {...row} /> },
        { key: "provider", label: "Provider", cell: ({ provider }) => provider },
      ]}
    />
  );
}

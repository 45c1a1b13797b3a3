import "./prices.css";
import type { Repricing } from "@llm-cost-ops/sdk";
import { Button, Group, Stack, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { useParams } from "wouter";
import { useAct, useAsk } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { formatDay, formatInstant } from "../../format/instants.ts";
import { formatMoney, formatMoneyExact } from "../../format/money.ts";
import { formatChange, formatCount } from "../../format/numbers.ts";
import { useSession } from "../../session/session-context.tsx";
import { ConfirmDialog } from "../../shell/confirm-dialog.tsx";
import { Answer, BackLink, PageHeader, Panel } from "../../shell/states.tsx";
import { type Column, DataTable } from "../../table/data-table.tsx";
import { differenceText, RepricingState, scopeText, skippedText, withSign } from "./repricing-words.tsx";

/** One repricing: what it changes, day by day and model by model, and the way there and back. */
export default function RepricingPage() {
  const { id = "" } = useParams<{ id: string }>();
  const repricing = useAsk<Repricing>(
    ["repricings", "one", id],
    (client, options) => client.repricings.get(id, options),
    { keepsLast: false },
  );
  return (
    <>
      <BackLink to="/prices/repricings">Repricing</BackLink>
      <Answer of={repricing} height={480}>
        {(data) => <Shown repricing={data} />}
      </Answer>
    </>
  );
}

function Shown({ repricing }: { repricing: Repricing }) {
  const { may, whoami } = useSession();
  const zone = useTimeZone();
  const {
    recordsExamined,
    recordsChanged,
    recordsSameCost,
    skipped,
    reason,
    createdAt,
    createdBy,
    appliedAt,
    undoneAt,
  } = repricing;
  return (
    <>
      <PageHeader
        title={
          recordsChanged === 0
            ? "Repricing: nothing changes"
            : recordsSameCost === recordsChanged
              ? "Repricing: only what caching saved changes"
              : `Repricing: ${differenceText(repricing) || "the same sums"}`
        }
      >
        <RepricingState repricing={repricing} />
        {may("repricings:write") ? <Step repricing={repricing} /> : null}
      </PageHeader>
      <Stack gap="sm">
        <div className="panels">
          <Panel title="What changes">
            <Sums repricing={repricing} />
            <Text size="sm" mt="xs">
              {formatCount(recordsChanged - recordsSameCost)} of {formatCount(recordsExamined)}{" "}
              {recordsExamined === 1 ? "call" : "calls"} {tenseOf(repricing)}.
            </Text>
            {recordsSameCost === 0 ? null : (
              <Text size="sm">
                {formatCount(recordsSameCost)} {recordsSameCost === 1 ? "keeps its" : "keep their"} cost: only what
                caching saved changes.
              </Text>
            )}
            {repricing.byCurrency.map(({ currency, savings }) =>
              isChange(savings) ? (
                <Text key={currency} size="sm">
                  What caching saved: <Exact amount={savings.before} currency={currency} /> becomes{" "}
                  <Exact amount={savings.after} currency={currency} />.
                </Text>
              ) : null,
            )}
            {skipped.map((one) => (
              <Text key={one.reason} size="sm" c="dimmed">
                {formatCount(one.records)} {one.records === 1 ? "keeps its" : "keep their"} cost, because{" "}
                {skippedText(one.reason)}.
              </Text>
            ))}
          </Panel>
          <Panel title="About it">
            <dl className="price-facts">
              <Fact name="Of" value={scopeText(repricing, zone)} />
              <Fact
                name="Previewed"
                value={`${formatInstant(createdAt, zone)} by ${createdBy === whoami.id ? "you" : createdBy}`}
              />
              {appliedAt === null ? null : <Fact name="Applied" value={formatInstant(appliedAt, zone)} />}
              {undoneAt === null ? null : <Fact name="Undone" value={formatInstant(undoneAt, zone)} />}
              {reason === null ? null : <Fact name="Why" value={reason} />}
            </dl>
          </Panel>
        </div>
        {repricing.difference.length === 0 ? null : <Differences repricing={repricing} />}
      </Stack>
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  );
}

function tenseOf({ status }: Repricing): string {
  switch (status) {
    case "previewed":
      return "would get another cost";
    case "applied":
      return "got another cost, as corrections beside what was recorded";
    case "undone":
      return "had another cost, until it was taken back";
    default:
      return status satisfies never;
  }
}

function Sums({ repricing: { byCurrency } }: { repricing: Repricing }) {
  if (byCurrency.length === 0) return <Text size="sm">Every call has the cost that today’s prices give.</Text>;
  return (
    <DataTable
      name="Sums"
      rows={byCurrency}
      rowKey={({ currency }) => currency}
      columns={[
        { key: "currency", label: "Currency", cell: ({ currency }) => currency },
        ...amountColumns((row: (typeof byCurrency)[number]) => row),
      ]}
    />
  );
}

interface Amounts {
  readonly currency: string;
  readonly before: string;
  readonly after: string;
  readonly difference: string;
}

function amountColumns<Row>(of: (row: Row) => Amounts): readonly Column<Row>[] {
  const column = (key: "before" | "after", label: string): Column<Row> => ({
    key,
    label,
    numeric: true,
    sortBy: (row) => of(row)[key],
    cell: (row) => {
      const { currency, [key]: amount } = of(row);
      return <Exact amount={amount} currency={currency} />;
    },
  });
  return [
    column("before", "Before"),
    column("after", "After"),
    {
      key: "difference",
      label: "Difference",
      numeric: true,
      sortBy: (row) => of(row).difference,
      cell: (row) => {
        const { currency, before, after, difference } = of(row);
        const change = formatChange(after, before);
        return (
          <span title={withSign(difference, formatMoneyExact(difference, currency))}>
            {withSign(difference, formatMoney(difference, currency))}
            {change === undefined ? "" : ` (${change})`}
          </span>
        );
      },
    },
  ];
}

const isChange = (savings: DifferenceRow["savings"]): savings is NonNullable<typeof savings> =>
  savings !== null && savings.difference !== "0";

function Exact({ amount, currency }: { amount: string; currency: string }) {
  return <span title={formatMoneyExact(amount, currency)}>{formatMoney(amount, currency)}</span>;
}

/** How what caching saved changes, where it does. */
function savingsColumns<Row extends Pick<DifferenceRow, "currency" | "savings">>(
  rows: readonly Row[],
): readonly Column<Row>[] {
  if (!rows.some(({ savings }) => isChange(savings))) return [];
  return [
    {
      key: "savings",
      label: "Saved by caching",
      numeric: true,
      sortBy: ({ savings }) => savings?.difference ?? "0",
      cell: ({ currency, savings }) => {
        if (savings === null) return "";
        const exact = [savings.before, savings.after].map((amount) => formatMoneyExact(amount, currency));
        return (
          <span title={exact.join(" → ")}>
            {withSign(savings.difference, formatMoney(savings.difference, currency))}
          </span>
        );
      },
    },
  ];
}

type DifferenceRow = Repricing["difference"][number];

function Differences({ repricing: { difference } }: { repricing: Repricing }) {
  const columns = useMemo<readonly Column<DifferenceRow>[]>(
    () => [
      { key: "day", label: "Day (UTC)", cell: ({ day }) => formatDay(day, true), sortBy: ({ day }) => day },
      {
        key: "model",
        label: "Model",
        sortBy: ({ model }) => model,
        cell: ({ model }) => (
          <span className="price-name clip" title={model}>
            <bdi>{model}</bdi>
          </span>
        ),
      },
      { key: "provider", label: "Provider", cell: ({ provider }) => provider, sortBy: ({ provider }) => provider },
      {
        key: "records",
        label: "Calls",
        numeric: true,
        cell: ({ records }) => formatCount(records),
        sortBy: ({ records }) => String(records),
      },
      ...amountColumns((row: DifferenceRow) => row),
      ...savingsColumns(difference),
    ],
    [difference],
  );
  return (
    <Panel title="By day and model">
      <div className="price-list">
        <DataTable
          name="Differences by day and model"
          columns={columns}
          rows={difference}
          rowKey={({ day, provider, model, currency }) => JSON.stringify([day, provider, model, currency])}
          maxHeight={560}
        />
      </div>
    </Panel>
  );
}

/** The next step that there is: apply what was previewed, or undo what was applied. */
function Step({ repricing }: { repricing: Repricing }) {
  const { id, status, recordsChanged } = repricing;
  const [isAsking, setAsking] = useState(false);
  const step = useAct(
    (client, which: "apply" | "undo") => client.repricings[which](id, { timeout: 150_000 }),
    ["repricings", "costs", "budgets"],
  );
  if (status === "undone" || recordsChanged === 0) return null;
  const which = status === "previewed" ? "apply" : "undo";
  const calls = `${formatCount(recordsChanged)} ${recordsChanged === 1 ? "call" : "calls"}`;
  return (
    <Group>
      <Button variant={which === "apply" ? "filled" : "default"} onClick={() => setAsking(true)}>
        {which === "apply" ? "Apply" : "Undo"}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        title={which === "apply" ? "Apply this repricing" : "Undo this repricing"}
        verb={which === "apply" ? `Reprice ${calls}` : `Take back ${calls}`}
        isBusy={step.isPending}
        error={step.error}
        onConfirm={() => step.mutate(which, { onSuccess: () => setAsking(false) })}
        onClose={() => setAsking(false)}
      >
        {which === "apply"
          ? "Each of these calls gets a correction beside its cost; nothing that was recorded is changed, and all of it can be undone."
          : "Each of these calls gets the opposite correction, so that its cost is again what it was before."}
      </ConfirmDialog>
    </Group>
  );
}

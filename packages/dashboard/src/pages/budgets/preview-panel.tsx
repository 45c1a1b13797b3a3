import type { Team } from "@llm-cost-ops/sdk";
import { Badge, Group, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useCallback, useMemo } from "react";
import { Chart } from "../../chart/chart.tsx";
import type { ChartTheme } from "../../chart/chart-theme.ts";
import { stackedOption } from "../../chart/stacked.ts";
import { useTeams } from "../../data/teams.ts";
import { compareDecimals, isZero, subtractDecimals } from "../../format/decimal.ts";
import { formatMoneyAxis } from "../../format/money.ts";
import { formatShare } from "../../format/numbers.ts";
import { questionOf, type Scope, scopeOfDraft } from "../../scope/scope.ts";
import { useSession } from "../../session/session-context.tsx";
import { Answer, Loading, Panel } from "../../shell/states.tsx";
import { BudgetBar } from "./budget-bar.tsx";
import { type BudgetDraft, perOfDraft } from "./budget-draft.ts";
import { useSpend } from "./budget-questions.ts";
import { amountText, amountTextExact, type Measure } from "./budget-words.ts";
import { eachText } from "./per.ts";
import { amountOfText, type Preview, previewOf, previewSpanOf } from "./preview.ts";

const settleMs = 350;

/** What the budget would have said of the last period, had it been there. */
export function PreviewPanel({ draft }: { draft: BudgetDraft }) {
  const { may } = useSession();
  const [settled] = useDebouncedValue(draft, settleMs);
  const teams = useTeams(settled.scope.team.length > 0);
  if (!may("costs:read")) return null;
  const per = perOfDraft(settled);
  if (per !== undefined) {
    return (
      <Panel title="On the last period">
        <Text size="sm" c="dimmed">
          <bdi>{`The amount is for ${eachText(per)} by itself, which the sum of the last period says nothing of. Once the budget is made, its page shows how it stands for each.`}</bdi>
        </Text>
      </Panel>
    );
  }
  return <Asked draft={settled} teams={teams.data} />;
}

function Asked({ draft, teams }: { draft: BudgetDraft; teams: readonly Team[] | undefined }) {
  const { kind, timeZone, fiscalStartMonth, rollingHours, startsAt, unit } = draft;
  const span = useMemo(
    () => previewSpanOf({ kind, timeZone, fiscalStartMonth, rollingHours, startsAt }, Date.now()),
    [kind, timeZone, fiscalStartMonth, rollingHours, startsAt],
  );
  const currency = unit === "tokens" ? null : draft.currency.trim().toUpperCase();
  const filters = questionOf(scopeOfDraft(draft.scope) as Scope, teams);
  const spend = useSpend(
    span === undefined || filters === undefined
      ? undefined
      : { filters, startDate: span.startDate, endDate: span.endDate, timezone: span.timezone, bucket: span.bucket },
    { currency },
  );
  const amount = amountOfText(draft.amount);
  const thresholds = useMemo(
    () =>
      [...new Set([...draft.thresholds.map(Number), 100])]
        .filter((percent) => percent > 0 && percent <= 1_000)
        .toSorted((a, b) => a - b),
    [draft.thresholds],
  );
  const title = "On the last period";
  if (span === undefined || filters === undefined) {
    return (
      <Panel title={title}>
        <Text size="sm" c="dimmed">
          {span === undefined
            ? "Choose a period to see what this budget would have said."
            : "The team is not known, or you may not read its projects, so what it spent cannot be shown."}
        </Text>
      </Panel>
    );
  }
  return (
    <Answer of={spend} height={260}>
      {({ question, spend: found }) =>
        question.startDate === span.startDate && question.bucket === span.bucket ? (
          <Shown
            preview={previewOf(span, found, amount ?? "0", amount === undefined ? [] : thresholds)}
            amount={amount}
            isUnread={draft.amount.trim() !== "" && amount === undefined}
            measure={{ currency }}
          />
        ) : (
          <Loading height={260} />
        )
      }
    </Answer>
  );
}

function Shown(props: { preview: Preview; amount: string | undefined; isUnread: boolean; measure: Measure }) {
  const { preview, amount, isUnread, measure } = props;
  const { span, total, crossings } = preview;
  const isEach = span.mode === "each";
  const step = span.bucket === "hour" ? "hour" : "day";
  return (
    <Stack gap="sm">
      <Panel title="On the last period">
        <Stack gap="xs">
          <Text size="sm">
            {isEach ? `The most in one ${step} of ${span.name} was ` : `In ${span.name} `}
            <Text component="span" inherit fw={600} title={amountTextExact(total, measure)}>
              {amountText(total, measure)}
            </Text>
            {isEach ? "" : measure.currency === null ? " were used" : " was spent"}
            {amount === undefined || isZero(amount) ? "." : `: ${formatShare(total, amount)} of the amount.`}
          </Text>
          {amount === undefined ? (
            <Text size="sm" c="dimmed">
              {isUnread
                ? "The amount cannot be read, so when it would have warned is not known."
                : "Name an amount to see when it would have warned."}
            </Text>
          ) : (
            <>
              <BudgetBar
                figures={{
                  ...measure,
                  amount,
                  spent: total,
                  reserved: "0",
                  projected: null,
                  state: compareDecimals(total, amount) >= 0 ? "exceeded" : "ok",
                }}
                thresholds={crossings.map(({ percent }) => percent)}
              />
              <Crossings preview={preview} />
              {compareDecimals(total, amount) > 0 && !isEach ? (
                <Text size="sm">
                  The period would have ended {amountText(subtractDecimals(total, amount), measure)} beyond it.
                </Text>
              ) : null}
            </>
          )}
        </Stack>
      </Panel>
      <Picture preview={preview} amount={amount} measure={measure} />
    </Stack>
  );
}

/** Of hours only those in which something was spent are known, so they are not counted out of all. */
const timesText = (times: number, bucket: "hour" | "day", all: number): string =>
  bucket === "day" ? `${times} of ${all} days` : times === 1 ? "one hour" : `${times} hours`;

function Crossings({ preview }: { preview: Preview }) {
  const { crossings, labels, span, values } = preview;
  const isEach = span.mode === "each";
  return (
    <Stack gap={4} component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }} aria-label="Thresholds">
      {crossings.map(({ percent, at, times }) => (
        <li key={percent}>
          <Group gap="xs" wrap="nowrap">
            <Badge
              size="sm"
              variant="dot"
              tt="none"
              flex="none"
              w={76}
              color={at === null ? "gray" : percent >= 100 ? "red" : "yellow"}
            >
              {percent}%
            </Badge>
            <Text size="sm" c={at === null ? "dimmed" : ""}>
              {at === null
                ? "would not have been reached"
                : isEach
                  ? `would have been reached in ${timesText(times, span.bucket, values.length)}, first ${labels[at]}`
                  : percent === 100
                    ? `would have been used up on ${labels[at]}`
                    : `would have warned on ${labels[at]}`}
            </Text>
          </Group>
        </li>
      ))}
    </Stack>
  );
}

function Picture({ preview, amount, measure }: { preview: Preview; amount: string | undefined; measure: Measure }) {
  const { labels, values, span } = preview;
  const isEach = span.mode === "each";
  const name = isEach ? "Spent" : "Spent so far";
  const option = useCallback(
    (theme: ChartTheme) =>
      stackedOption(
        {
          kind: isEach ? "bar" : "line",
          labels,
          series: [
            { name, values },
            ...(amount === undefined || isEach
              ? []
              : [{ name: "Amount", values: labels.map(() => amount), dashed: true, muted: true }]),
          ],
          text: (value) => amountText(value, measure),
          axis: (value) => formatMoneyAxis(value, measure.currency ?? ""),
        },
        theme,
      ),
    [labels, values, amount, isEach, name, measure],
  );
  const table = useMemo(
    () => ({
      columns: [
        { key: "time", label: "Time" },
        { key: "spent", label: name, numeric: true },
      ],
      rows: labels.map((time, at) => ({ time, spent: amountTextExact(values[at] ?? null, measure) })),
    }),
    [labels, values, name, measure],
  );
  if (labels.length < 2) return null;
  return (
    <Chart
      title={isEach ? `Spent by ${span.bucket}` : "Spent, added up"}
      summary={`${amountText(preview.total, measure)} in ${span.name}.`}
      option={option}
      table={table}
      height={200}
    />
  );
}

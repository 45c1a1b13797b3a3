import type { Budget, BudgetStatus } from "@llm-cost-ops/sdk";
import { Text } from "@mantine/core";
import type { EChartsCoreOption } from "echarts/core";
import { useCallback, useMemo } from "react";
import { Chart } from "../../chart/chart.tsx";
import type { ChartTheme } from "../../chart/chart-theme.ts";
import type { ChartTable } from "../../chart/download.ts";
import { stackedOption } from "../../chart/stacked.ts";
import { useTimeZone } from "../../data/organization.ts";
import { useTeams } from "../../data/teams.ts";
import { pixels } from "../../format/decimal.ts";
import { formatMoneyAxis } from "../../format/money.ts";
import { questionOf } from "../../scope/scope.ts";
import { ErrorState, Loading, Panel } from "../../shell/states.tsx";
import { type SpendByBucket, type SpendQuestion, useSpend } from "./budget-questions.ts";
import { amountText, amountTextExact } from "./budget-words.ts";
import { type BurnDown, burnDownOf, crossingsOf, runningSums, type Steps, stepAt, stepsOf } from "./burn-down.ts";
import { questionOfValue, whoseText } from "./per.ts";

const title = "What is left";

/** How the amount goes down over the period, against an even pace, and where it leads. */
export function BurnDownChart({ budget, status }: { budget: Budget; status: BudgetStatus }) {
  const ours = useTimeZone();
  const zone = status.period.timeZone ?? ours;
  const { from, to } = status.period;
  const end = to ?? status.asOf;
  const steps = useMemo(() => stepsOf(from, end, zone), [from, end, zone]);
  const teams = useTeams(budget.scope.team !== undefined || budget.per === "team");
  const scoped = questionOf(budget.scope, teams.data);
  const asked = scoped === undefined ? undefined : questionOfValue(budget, status.value, scoped, teams.data);
  const filters = asked?.filters;
  const question: SpendQuestion | undefined =
    filters === undefined || from >= end || steps.keys.length < 2
      ? undefined
      : { filters, startDate: from, endDate: end, timezone: zone, bucket: steps.bucket, sentModel: asked?.sentModel };
  const spend = useSpend(question, budget);
  if (steps.keys.length < 2) return null;
  if (filters === undefined && !teams.isLoading) {
    return (
      <Panel title={title}>
        <Text c="dimmed" size="sm">
          {scoped !== undefined && budget.per !== "team"
            ? "No question about costs is of this value alone, so there is no picture of it."
            : "The picture needs the projects of the team, which you may not read."}
        </Text>
      </Panel>
    );
  }
  if (spend.data?.question.bucket !== steps.bucket) {
    return (
      <Panel title={title}>
        {spend.error === null ? (
          <Loading height={260} />
        ) : (
          <ErrorState error={spend.error} onRetry={() => void spend.refetch()} />
        )}
      </Panel>
    );
  }
  return <Drawn budget={budget} status={status} steps={steps} spend={spend.data.spend} zone={zone} />;
}

function Drawn(props: { budget: Budget; status: BudgetStatus; steps: Steps; spend: SpendByBucket; zone: string }) {
  const { budget, status, steps, spend, zone } = props;
  const now = stepAt(steps, status.asOf, zone);
  const sums = useMemo(() => runningSums(steps.keys, spend), [steps, spend]);
  const lines = useMemo(() => burnDownOf(sums, now, status), [sums, now, status]);
  const reached = crossingsOf(sums.slice(0, now + 1), status.amountExact, budget.thresholds);
  const option = useCallback(
    (theme: ChartTheme) => burnDownOption({ lines, steps, status, thresholds: budget.thresholds }, theme),
    [lines, steps, status, budget.thresholds],
  );
  const table = useMemo(() => tableOf(lines, sums, steps, status), [lines, sums, steps, status]);
  const left = amountText(lines.remaining[now] ?? null, status);
  return (
    <Chart
      title={budget.per === null ? title : `${title}, ${whoseText(budget.per, status.value)}`.slice(0, 120)}
      summary={`${left} of ${amountText(status.amountExact, status)} left on ${steps.labels[now]}.`}
      option={option}
      table={table}
      height={260}
      aside={
        <Text size="xs" c="dimmed">
          {reached
            .flatMap(({ percent, at }) => (at === null ? [] : [`${percent}% spent on ${steps.labels[at]}`]))
            .slice(-2)
            .join(", ")}
        </Text>
      }
    />
  );
}

interface Mark {
  readonly name: string;
  readonly yAxis: number;
  readonly lineStyle?: object;
}

/** Of the height of the picture: closer than this the names of two lines would lie on one another. */
const nameGap = 0.075;

/** A line for each threshold below the amount; it has its name where there is room for one. */
function thresholdMarks(thresholds: readonly number[], amount: number, height: number): Mark[] {
  let named = Number.POSITIVE_INFINITY;
  return thresholds
    .filter((percent) => percent < 100)
    .map((percent) => {
      const yAxis = amount * (1 - percent / 100);
      const hasRoom = named - yAxis >= height * nameGap;
      if (hasRoom) named = yAxis;
      return { name: hasRoom ? `${percent}%` : "", yAxis };
    });
}

function burnDownOption(
  given: { lines: BurnDown; steps: Steps; status: BudgetStatus; thresholds: readonly number[] },
  theme: ChartTheme,
): EChartsCoreOption {
  const { lines, steps, status, thresholds } = given;
  const { remaining, projected, even } = lines;
  const { currency } = status;
  const option = stackedOption(
    {
      kind: "line",
      labels: steps.labels,
      series: [
        { name: "Left", values: remaining },
        ...(projected === undefined ? [] : [{ name: "If the pace goes on", values: projected, dashed: true }]),
        ...(even === undefined ? [] : [{ name: "Spent evenly", values: even, dashed: true, muted: true }]),
      ],
      text: (value) => amountText(value, status),
      axis: (value) => formatMoneyAxis(value, currency ?? ""),
    },
    theme,
  ) as EChartsCoreOption & { series: object[] };
  const [first = {}, ...others] = option.series;
  const amount = pixels(status.amountExact);
  const drawn = [...remaining, ...(projected ?? [])].map(pixels);
  const marks = thresholdMarks(thresholds, amount, amount - Math.min(0, ...drawn));
  marks.push({ name: "", yAxis: 0, lineStyle: { color: theme.warning, type: "solid" } });
  const markLine = {
    silent: true,
    symbol: "none",
    animation: false,
    // Its own would round amounts of less than a cent to none.
    precision: 12,
    lineStyle: { color: theme.muted, type: "dotted", width: 1 },
    label: { formatter: "{b}", position: "insideStartTop", color: theme.text, fontSize: 10, distance: 2 },
    data: marks,
  };
  return { ...option, series: [{ ...first, markLine, z: 3 }, ...others] };
}

function tableOf(
  { remaining, even, projected }: BurnDown,
  sums: readonly string[],
  steps: Steps,
  status: BudgetStatus,
): ChartTable {
  const text = (value: string | null | undefined): string =>
    value === null || value === undefined ? "" : amountTextExact(value, status);
  const rounded = (value: string | null | undefined): string =>
    value === null || value === undefined ? "" : amountText(value, status);
  return {
    columns: [
      { key: "time", label: "By the end of" },
      { key: "spent", label: "Spent", numeric: true },
      { key: "left", label: "Left", numeric: true },
      ...(projected === undefined ? [] : [{ key: "projected", label: "If the pace goes on", numeric: true }]),
      ...(even === undefined ? [] : [{ key: "even", label: "Spent evenly", numeric: true }]),
    ],
    rows: steps.labels.map((time, at) => ({
      time,
      spent: remaining[at] === null ? "" : text(sums[at]),
      left: text(remaining[at]),
      projected: rounded(projected?.[at]),
      even: rounded(even?.[at]),
    })),
  };
}

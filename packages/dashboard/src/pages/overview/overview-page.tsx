import type { CostSummary } from "@llm-cost-ops/sdk";
import { Alert, Anchor, Badge, Group, Select, Stack, Text } from "@mantine/core";
import { Suspense } from "react";
import { Link } from "wouter";
import { useTimeZone } from "../../data/organization.ts";
import { usePinnedViews } from "../../data/views.ts";
import { formatAgo, formatDays } from "../../format/instants.ts";
import { formatMoney, formatMoneyExact } from "../../format/money.ts";
import { formatCount, formatShare, formatTokens } from "../../format/numbers.ts";
import { LatestMonth, useLatestMonth } from "../../period/latest-month.tsx";
import { PeriodPicker } from "../../period/period-picker.tsx";
import { usePeriod, useToday } from "../../period/use-period.ts";
import { useSession } from "../../session/session-context.tsx";
import { Icon } from "../../shell/icons.tsx";
import { lazily } from "../../shell/lazily.tsx";
import { severityColors } from "../../shell/state-colors.ts";
import { Answer, EmptyState, ErrorState, Loading, PageHeader, Panel } from "../../shell/states.tsx";
import { Tile } from "../../shell/tile.tsx";
import { choiceField, flagField, textField } from "../../url-state/fields.ts";
import type { Period } from "../../url-state/period.ts";
import { periodField } from "../../url-state/period.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { useRules } from "../alerts/alert-questions.ts";
import { NoAlert } from "../alerts/no-alert.tsx";
import { useStandings } from "../budgets/budget-questions.ts";
import "./overview.css";
import { currenciesOf, shownCurrency } from "../../data/currencies.ts";
import { FiguresWarning } from "./figures-warning.tsx";
import { MonthTiles } from "./month-tiles.tsx";
import { NearestBudgets } from "./nearest-budgets.tsx";
import { dimensionChoices, useGlance, useLatestAlerts, useSummary } from "./overview-questions.ts";
import { Spend } from "./spend.tsx";
import { Top } from "./top.tsx";
import { TopTags } from "./top-tags.tsx";

/** Only where nothing was recorded yet. */
const FirstRun = lazily(async () => ({ default: (await import("../first-run/first-run.tsx")).FirstRun }));

/** Only where something is pinned. */
const PinnedViews = lazily(() => import("./pinned-views.tsx"));

const fields = {
  period: periodField(),
  by: choiceField(dimensionChoices),
  cmp: flagField(true),
  tag: textField(),
  cur: textField(),
};

export default function OverviewPage() {
  const [state, change] = useUrlState(fields);
  const period = usePeriod(state.period);
  const summary = useSummary(period);
  const isBlank = summary.data !== undefined && summary.data.totalRequests === 0;
  const latest = useLatestMonth(isBlank);
  const { may } = useSession();
  const hasPinned = usePinnedViews().length > 0;
  if (latest.data === null && isBlank) {
    return (
      <>
        <PageHeader title="Welcome" reads={fields} />
        {may("usage:write") ? (
          <FirstRun />
        ) : (
          <EmptyState icon="overview" title="Nothing is recorded yet">
            What calls cost stands here once somebody who may record usage has sent the first.
          </EmptyState>
        )}
      </>
    );
  }
  const currencies = currenciesOf(summary.data?.byCurrency ?? []);
  const currency = shownCurrency(currencies, state.cur);
  return (
    <>
      <PageHeader title="Overview" reads={fields}>
        {currencies.length > 1 ? (
          <Select
            aria-label="Currency"
            w={90}
            allowDeselect={false}
            value={currency}
            data={[...currencies]}
            onChange={(value) => change({ cur: value ?? "" })}
          />
        ) : null}
        <PeriodPicker
          value={state.period}
          period={period}
          onChange={(value) => change({ period: value })}
          compare={state.cmp}
          onCompare={(cmp) => change({ cmp })}
        />
      </PageHeader>
      <Stack gap="sm">
        {summary.error === null ? null : <ErrorState error={summary.error} onRetry={() => void summary.refetch()} />}
        {isBlank && typeof latest.data === "string" ? (
          <Alert variant="light" py="xs" icon={<Icon name="calendar" />} role="status">
            Nothing was recorded in this period.{" "}
            <LatestMonth month={latest.data} onPick={(value) => change({ period: value })} />
          </Alert>
        ) : null}
        <Figures summary={summary.data} period={period} currency={currency} compare={state.cmp} />
        <FiguresWarning summary={summary.data} period={period} choice={state.period} />
        {hasPinned ? (
          <Suspense fallback={<Loading height={88} />}>
            <PinnedViews />
          </Suspense>
        ) : null}
        <div className="overview-main">
          <Spend period={period} by={state.by} currency={currency} onBy={(by) => change({ by })} />
          {may("budgets:read") ? <Budgets /> : null}
          {may("alerts:read") ? <Alerts /> : null}
        </div>
        <div className="panels overview-tops">
          <Top title="Top models" dimension="model" period={period} choice={state.period} currency={currency} />
          <Top title="Top projects" dimension="project" period={period} choice={state.period} currency={currency} />
          <Top title="Top users" dimension="user" period={period} choice={state.period} currency={currency} />
          <TopTags
            tagKey={state.tag}
            onTagKey={(tag) => change({ tag })}
            period={period}
            choice={state.period}
            currency={currency}
          />
        </div>
      </Stack>
    </>
  );
}

function Figures(props: { summary: CostSummary | undefined; period: Period; currency: string; compare: boolean }) {
  const { summary, period, currency, compare } = props;
  const zone = useTimeZone();
  const today = useToday(zone);
  // First of all questions, because effects of parts come before those of the whole: the tiles wait for nothing else.
  useSummary(period);
  const glance = useGlance(today, zone);
  const now = summary?.byCurrency.find((totals) => totals.currency === currency);
  const before = summary?.previous.byCurrency.find((totals) => totals.currency === currency);
  const others = (summary?.byCurrency ?? []).filter(
    (totals) => totals.currency !== null && totals.currency !== currency,
  );
  const at = (sums: ReadonlyMap<string, { readonly cost: string }> | undefined): string | undefined =>
    sums === undefined ? undefined : (sums.get(currency)?.cost ?? "0");
  const inputTokens = String(summary?.inputTokens ?? 0);
  return (
    <div className="tiles overview-tiles">
      <Tile
        label={`Spend, ${formatDays(period.startDate, period.endDate)}`}
        value={summary === undefined ? undefined : formatMoney(now?.totalCostExact ?? "0", currency)}
        exact={formatMoneyExact(now?.totalCostExact ?? "0", currency)}
        change={
          compare && summary !== undefined
            ? { now: now?.totalCostExact ?? "0", before: before?.totalCostExact ?? "0", than: "the days before" }
            : undefined
        }
        note={
          others.length === 0
            ? undefined
            : `besides ${others.map((totals) => formatMoney(totals.totalCostExact ?? "0", totals.currency)).join(" and ")}`
        }
        isMain
      />
      <Tile
        label="Today"
        value={at(glance.data?.today) === undefined ? undefined : formatMoney(at(glance.data?.today), currency)}
        exact={formatMoneyExact(at(glance.data?.today), currency)}
        note={glance.data === undefined ? undefined : `${formatMoney(at(glance.data.yesterday), currency)} yesterday`}
      />
      <MonthTiles glance={glance.data} currency={currency} />
      <Tile
        label="Requests"
        value={summary === undefined ? undefined : formatTokens(summary.totalRequests)}
        exact={formatCount(summary?.totalRequests)}
        note={
          summary === undefined || now === undefined
            ? undefined
            : `${formatMoney(now.avgCostPerRequestExact ?? null, currency)} each`
        }
      />
      <Tile
        label="Tokens"
        value={summary === undefined ? undefined : formatTokens(summary.totalTokens)}
        exact={formatCount(summary?.totalTokens)}
        note={
          summary === undefined
            ? undefined
            : `${formatTokens(summary.inputTokens)} in, ${formatTokens(summary.outputTokens)} out`
        }
      />
      <Tile
        label="Cache hit rate"
        value={summary === undefined ? undefined : formatShare(String(summary.cachedTokens), inputTokens)}
        exact={`${formatCount(summary?.cachedTokens)} of ${formatCount(summary?.inputTokens)} input tokens`}
        note="of input tokens"
      />
      <Tile
        label="Saved by caching"
        value={summary === undefined ? undefined : formatMoney(now?.cacheSavingsExact ?? "0", currency)}
        exact={formatMoneyExact(now?.cacheSavingsExact ?? "0", currency)}
        note={
          now?.cacheSavingsExact?.startsWith("-") === true
            ? "caching cost more than plain input would have"
            : "against plain input prices"
        }
      />
    </div>
  );
}

/** To the page of what a panel shows the first of. */
function All({ href, children }: { href: string; children: string }) {
  return (
    <Anchor component={Link} href={href} size="xs">
      All {children}
    </Anchor>
  );
}

function Budgets() {
  const standings = useStandings();
  return (
    <Panel title="Budgets most used" aside={<All href="/budgets?order=use">budgets</All>}>
      <Answer of={standings} rows={4}>
        {(all) => <NearestBudgets standings={all} />}
      </Answer>
    </Panel>
  );
}

function Alerts() {
  const alerts = useLatestAlerts();
  // What is said where there are none is asked at once, not after they are here.
  useRules();
  return (
    <Panel title="Latest alerts" aside={<All href="/alerts">alerts</All>}>
      <Answer of={alerts} rows={4}>
        {(all) =>
          all.length === 0 ? (
            <Text c="dimmed">
              <NoAlert said="No alert yet." />
            </Text>
          ) : (
            <Stack gap="xs">
              {all.map(({ id, title, severity, state, openedAt }) => (
                <Group key={id} gap="xs" wrap="nowrap" justify="space-between">
                  <Group gap="xs" wrap="nowrap" miw={0}>
                    <Badge size="sm" variant="dot" tt="none" flex="none" color={severityColors[severity]}>
                      {severity}
                    </Badge>
                    <Anchor
                      component={Link}
                      href={`/alerts?state=all&alert=${encodeURIComponent(id)}`}
                      c="var(--mantine-color-text)"
                      size="sm"
                      lineClamp={3}
                      title={title}
                    >
                      <bdi>{title}</bdi>
                    </Anchor>
                  </Group>
                  <Text size="xs" c="dimmed" className="amount">
                    {state}, {formatAgo(openedAt, Date.now())}
                  </Text>
                </Group>
              ))}
            </Stack>
          )
        }
      </Answer>
    </Panel>
  );
}

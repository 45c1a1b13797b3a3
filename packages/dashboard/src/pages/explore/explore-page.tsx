import "./explore.css";
import { Button, Stack } from "@mantine/core";
import { memo, useCallback, useMemo, useState } from "react";
import { Link } from "wouter";
import { currenciesOf, shownCurrency } from "../../data/currencies.ts";
import { useSumsTogether } from "../../data/sums-together.ts";
import { LatestMonth, useLatestMonth } from "../../period/latest-month.tsx";
import { PeriodPicker } from "../../period/period-picker.tsx";
import { usePeriod } from "../../period/use-period.ts";
import { useSession } from "../../session/session-context.tsx";
import { EmptyState, ErrorState, Loading, PageHeader, Panel } from "../../shell/states.tsx";
import { textField } from "../../url-state/fields.ts";
import type { Period, PeriodChoice } from "../../url-state/period.ts";
import { type ChangeState, useUrlState } from "../../url-state/use-url-state.ts";
import { Controls } from "./controls.tsx";
import { Details } from "./details.tsx";
import { type Condition, narrowed } from "./dimensions.ts";
import { type Question, useGroupSums, useTimeSums } from "./explore-questions.ts";
import { dimensionsFor, type ExploreState, exploreFields, kindOf } from "./explore-state.ts";
import { FigureLine } from "./figure-line.tsx";
import { measures } from "./measures.ts";
import { Picture } from "./picture.tsx";
import { ViewLine } from "./view-line.tsx";
import { ViewMenu } from "./view-menu.tsx";
import { toggledHour } from "./week-hours.ts";

/** Any measure by any dimensions, of any part of the records, as a picture, as figures, and down to the records. */
export default function ExplorePage() {
  const [state, change] = useUrlState<ExploreState>(exploreFields);
  const { may } = useSession();
  const period = usePeriod(state.period);
  const question = useQuestion(state, period);
  const ask = useSumsTogether();
  const groups = useGroupSums(ask, question);
  const measure = measures[state.m];
  const times = useTimeSums(ask, question, state.as, measure);
  const isEmpty = groups.data !== undefined && groups.data.now.totals.length === 0;
  const isWhole = Object.keys(state.f).length === 0;
  const latest = useLatestMonth(isEmpty && isWhole);
  // The map of hours is of the whole week: where the chosen hours hold nothing, others can be chosen of it.
  const week = state.as === "hours" && times.data?.kind === "hours" ? times.data.now.totals : [];
  const hasWeek = week.length > 0 || (state.as === "hours" && times.isLoading);
  const totals = isEmpty ? week : groups.data?.now.totals;
  const currencies = useMemo(() => currenciesOf(totals ?? []), [totals]);
  const currency = shownCurrency(currencies, state.cur);
  const zoom = useCallback((days: PeriodChoice) => change({ period: days }), [change]);
  const narrow = useCallback(
    (conditions: readonly Condition[]) => change({ f: narrowed(exploreFilters(), conditions) }),
    [change],
  );
  const toggleHour = useCallback((hour: number) => change({ f: toggledHour(exploreFilters(), hour) }), [change]);
  const records = useCallback(
    (conditions: readonly Condition[], days: PeriodChoice | undefined) =>
      change({
        f: narrowed(exploreFilters(), conditions),
        tab: "records",
        ...(days === undefined ? {} : { period: days }),
      }),
    [change],
  );
  // Where the page began with groups alone, they stay until the first sums over time are here.
  const [first] = useState(state.as);
  const isBlank = groups.data === undefined || (times.isLoading && kindOf(first) !== "groups");
  const error = groups.error ?? times.error;
  // What is not asked for is not waited for.
  const isOld = groups.isPlaceholderData || (kindOf(state.as) !== "groups" && times.isPlaceholderData);
  return (
    <>
      <Header state={state} change={change} period={period} />
      <Stack gap="sm">
        <ViewLine />
        <Controls state={state} change={change} question={question} currencies={currencies} currency={currency} />
        {error === null ? null : (
          <ErrorState error={error} onRetry={() => void Promise.all([groups.refetch(), times.refetch()])} />
        )}
        <div className={isOld ? "old-answer" : undefined} aria-busy={isOld}>
          <Stack gap="sm">
            <FigureLine groups={groups.data} measure={measure} currency={currency} />
            {isEmpty && !hasWeek ? (
              <Panel title="Nothing was recorded">
                <EmptyState
                  icon="explore"
                  title="No record matches"
                  action={
                    may("usage:write") && isWhole ? (
                      <Button component={Link} href="/start" variant="default">
                        Record usage
                      </Button>
                    ) : undefined
                  }
                >
                  {isWhole ? "Choose another period." : "Choose a longer period or fewer filters."}{" "}
                  {isWhole && typeof latest.data === "string" ? (
                    <LatestMonth month={latest.data} onPick={zoom} />
                  ) : null}
                </EmptyState>
              </Panel>
            ) : isBlank || groups.data === undefined ? (
              error === null ? (
                <Panel title={measure.label}>
                  <Loading height={340} />
                </Panel>
              ) : null
            ) : (
              <Picture
                shape={state.as}
                groups={groups.data}
                times={times.data}
                measure={measure}
                currency={currency}
                onZoom={zoom}
                onNarrow={narrow}
                onRecords={records}
                onHour={toggleHour}
              />
            )}
          </Stack>
        </div>
        <Details state={state} change={change} question={question} groups={groups} onNarrow={narrow} />
      </Stack>
    </>
  );
}

/** The line of views reads which of them is open. */
const readFields = { ...exploreFields, view: textField() };

/** What stands still while answers come: each part of the page is drawn anew by its own changes alone. */
const Header = memo(function Header(props: {
  readonly state: ExploreState;
  readonly change: ChangeState<ExploreState>;
  readonly period: Period;
}) {
  const { state, change, period } = props;
  return (
    <PageHeader title="Explore" reads={readFields}>
      <ViewMenu />
      <PeriodPicker
        value={state.period}
        period={period}
        onChange={(value) => change({ period: value })}
        compare={state.cmp}
        onCompare={(cmp) => change({ cmp })}
      />
    </PageHeader>
  );
});

/** The filters of the address as it is now. */
const exploreFilters = () => exploreFields.f.read(new URLSearchParams(window.location.search).get("f"));

/** The same object as long as the question is the same, so that nothing is drawn anew without need. */
function useQuestion(state: ExploreState, period: Question["period"]): Question {
  const key = JSON.stringify([state.f, dimensionsFor(state.as, state.by), state.cmp]);
  return useMemo(() => {
    const [filters, by, compare] = JSON.parse(key) as [Question["filters"], Question["by"], boolean];
    return { period, filters, by, compare };
  }, [key, period]);
}

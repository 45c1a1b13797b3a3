import "./pinned.css";
import type { AggregateResult } from "@llm-cost-ops/sdk";
import { Skeleton, Text } from "@mantine/core";
import { Link } from "wouter";
import { useTimeZone } from "../../data/organization.ts";
import { usePinnedViews, viewAddress } from "../../data/views.ts";
import { pixels } from "../../format/decimal.ts";
import { formatDays } from "../../format/instants.ts";
import { useToday } from "../../period/use-period.ts";
import { ErrorState } from "../../shell/states.tsx";
import { type PeriodChoice, presetLabels } from "../../url-state/period.ts";
import { writingOf } from "../explore/measures.ts";
import { headlineOf, type PinnedQuestion, questionOf, usePinnedSums } from "./pinned-sums.ts";

/** As many as a glance takes in; all of them are in the navigation. */
const cardsMax = 8;

/** What somebody has pinned, as figures that lead there. */
export default function PinnedViews() {
  const zone = useTimeZone();
  const today = useToday(zone);
  const pinned = usePinnedViews().filter(({ page }) => page === "explore");
  const questions = pinned.slice(0, cardsMax).map((view) => questionOf(view, today, zone));
  const sums = usePinnedSums(questions);
  if (sums.error !== null) return <ErrorState error={sums.error} onRetry={() => void sums.refetch()} />;
  return (
    <section aria-label="Pinned views" className="pinned-cards">
      {questions.map((question) => (
        <Card
          key={question.view.id}
          question={question}
          result={sums.data?.get(question.view.id)}
          isAsked={sums.data?.has(question.view.id) !== true}
        />
      ))}
    </section>
  );
}

function Card(props: {
  readonly question: PinnedQuestion;
  readonly result: AggregateResult | undefined;
  readonly isAsked: boolean;
}) {
  const { question, result, isAsked } = props;
  const { view, measure, state } = question;
  const headline = result === undefined ? undefined : headlineOf(question, result);
  const writing = writingOf(measure, headline?.currency ?? "");
  return (
    <Link href={viewAddress(view)} className="panel pinned-card" data-view={view.id}>
      <Text size="xs" c="dimmed" className="clip" title={view.name}>
        <bdi>{view.name}</bdi>
      </Text>
      {isAsked ? (
        <Skeleton height={28} width="70%" my={4} />
      ) : (
        <div className="pinned-figure">
          <Text
            fz="1.25rem"
            fw={600}
            lh={1.4}
            {...(headline === undefined ? {} : { title: writing.exact(headline.total) })}
          >
            {headline === undefined ? "No answer" : writing.short(headline.total)}
          </Text>
          {headline === undefined ? null : <Line values={headline.values} />}
        </div>
      )}
      <Text size="xs" c="dimmed" className="clip">
        {measure.label}, {daysText(state.period)}
      </Text>
    </Link>
  );
}

const daysText = (choice: PeriodChoice): string =>
  typeof choice === "string" ? presetLabels[choice].toLowerCase() : formatDays(choice.from, choice.to);

const [width, height] = [96, 28] as const;

/** How the figure came about over time, for the eye alone: the view itself has every number of it. */
function Line({ values }: { readonly values: readonly (string | null)[] }) {
  const heights = values.map((value) => pixels(value ?? "0"));
  if (heights.length < 2) return null;
  const most = Math.max(...heights, Number.MIN_VALUE);
  const least = Math.min(...heights, 0);
  const points = heights.map((value, at) => {
    const x = (at / (heights.length - 1)) * width;
    const y = height - 2 - ((value - least) / (most - least)) * (height - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg
      className="pinned-line"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <polyline points={points.join(" ")} />
    </svg>
  );
}

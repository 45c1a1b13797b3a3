import { Select } from "@mantine/core";
import { useMemo } from "react";
import { Chart } from "../../chart/chart.tsx";
import { useSumsTogether } from "../../data/sums-together.ts";
import { ErrorState, Loading, Panel } from "../../shell/states.tsx";
import type { Period } from "../../url-state/period.ts";
import { drawTime } from "../explore/draw-time.ts";
import { useTimeSums } from "../explore/explore-questions.ts";
import { measures, writingOf } from "../explore/measures.ts";
import { type DimensionChoice, dimensionChoices } from "./overview-questions.ts";

/** Of the picture, in pixels: with all that stands above and below it, a page is one screen of 900. */
const height = 212;

/** What was spent over time, as Explore draws it. */
export function Spend(props: {
  period: Period;
  by: DimensionChoice;
  currency: string;
  onBy: (by: DimensionChoice) => void;
}) {
  const { period, by, currency, onBy } = props;
  const sums = useTimeSums(useSumsTogether(), { period, filters: {}, by: [by], compare: false }, "bar", measures.cost);
  const drawing = useMemo(() => {
    if (sums.data === undefined) return undefined;
    const look = { measure: measures.cost, currency, writing: writingOf(measures.cost, currency) };
    return { ...drawTime(sums.data, "bar", look), title: `Spend by ${sums.data.asked.period.bucket}` };
  }, [sums.data, currency]);
  if (drawing === undefined) {
    return (
      <Panel title="Spend over time">
        {sums.error === null ? (
          <Loading height={height} />
        ) : (
          <ErrorState error={sums.error} onRetry={() => void sums.refetch()} />
        )}
      </Panel>
    );
  }
  return (
    <Chart
      title={drawing.title}
      summary={drawing.summary}
      option={drawing.option}
      height={height}
      table={drawing.table}
      note={drawing.note}
      aside={
        <Select
          size="xs"
          w={120}
          aria-label="Stacked by"
          allowDeselect={false}
          value={by}
          data={dimensionChoices.map((value) => ({ value, label: `by ${value}` }))}
          onChange={(value) => onBy((value ?? "model") as DimensionChoice)}
        />
      }
    />
  );
}

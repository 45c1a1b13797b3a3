import { Button, CloseButton, Group, Text } from "@mantine/core";
import { memo, useCallback, useMemo, useState } from "react";
import { Chart, type PickedPoint } from "../../chart/chart.tsx";
import { formatDays } from "../../format/instants.ts";
import type { DayRange, Period, PeriodChoice } from "../../url-state/period.ts";
import type { Condition } from "./dimensions.ts";
import { wordsOf } from "./dimensions.ts";
import { drawFlow, drawHours, drawTiles } from "./draw.ts";
import { type Drawing, drawTime, type Picked } from "./draw-time.ts";
import type { GroupSums, TimeSums } from "./explore-questions.ts";
import { kindOf, type Shape } from "./explore-state.ts";
import { hourName } from "./hour-map.ts";
import { type Measure, metricsWith, writingOf } from "./measures.ts";
import { chosenHours } from "./week-hours.ts";

interface Actions {
  readonly onZoom: (days: PeriodChoice) => void;
  readonly onNarrow: (conditions: readonly Condition[]) => void;
  readonly onRecords: (conditions: readonly Condition[], days: PeriodChoice | undefined) => void;
}

const asChoice = ({ startDate, endDate }: DayRange): PeriodChoice => ({ from: startDate, to: endDate });

/** The picture of the answers that are here. It stays as it is until those to a changed question have come. */
export const Picture = memo(function Picture(
  props: {
    readonly shape: Shape;
    readonly groups: GroupSums;
    readonly times: TimeSums | undefined;
    readonly measure: Measure;
    readonly currency: string;
    readonly onHour: (hour: number) => void;
  } & Actions,
) {
  const { shape, groups, times, measure, currency, onZoom, onNarrow, onRecords, onHour } = props;
  const drawn = kindOf(shape) === "groups" || times === undefined || times.kind === kindOf(shape) ? shape : times.shape;
  // Of the two answers only the one that is drawn: the other must not have it drawn once more.
  const sums = kindOf(drawn) === "groups" || times === undefined ? groups : times;
  const [lastMeasure, keepMeasure] = useState(measure);
  // Averages and what adds up are asked for apart: until the one is here, the other stays.
  const isThere = (one: Measure): boolean =>
    sums.kind === undefined || metricsWith(one).every((metric) => sums.metrics.includes(metric));
  const drawnMeasure = [measure, lastMeasure].find(isThere) ?? (sums.kind === undefined ? measure : sums.measure);
  if (drawnMeasure !== lastMeasure) keepMeasure(drawnMeasure);
  const filters = drawn === "hours" ? groups.asked.filters : undefined;
  const drawing = useMemo((): Drawing => {
    const look = { measure: drawnMeasure, currency, writing: writingOf(drawnMeasure, currency) };
    if (sums.kind === undefined) return drawn === "flow" ? drawFlow(sums, look) : drawTiles(sums, look);
    return drawn === "hours" ? drawHours(sums, look, chosenHours(filters ?? {})) : drawTime(sums, drawn, look);
  }, [drawn, sums, filters, drawnMeasure, currency]);
  const [chosen, choose] = useState<{ readonly of: Drawing; readonly picked: Picked }>();
  const pick = useCallback(
    (point: PickedPoint) => {
      const picked = drawing.picked?.(point);
      if (picked !== undefined) choose({ of: drawing, picked });
      const hour = drawing.hours?.ofPoint(point);
      if (hour !== undefined) onHour(hour);
    },
    [drawing, onHour],
  );
  const zoom = useCallback(
    (from: number, to: number) => {
      if (drawing.days !== undefined) onZoom(asChoice(drawing.days(from, to)));
    },
    [drawing, onZoom],
  );
  const choice = useMemo(() => {
    if (drawing.hours === undefined) return undefined;
    const { ofCell, chosen: hours } = drawing.hours;
    return {
      cellOf: (row: number, key: string) => ({
        name: hourName(ofCell(row, key)),
        isChosen: hours.includes(ofCell(row, key)),
      }),
      onToggle: (row: number, key: string) => onHour(ofCell(row, key)),
    };
  }, [drawing, onHour]);
  const canZoom = drawing.days !== undefined && sums.asked.period.days > 1;
  const picked = chosen?.of === drawing ? chosen.picked : undefined;
  return (
    <div className="picture">
      <Chart
        title={drawing.title}
        summary={drawing.summary}
        option={drawing.option}
        table={drawing.table}
        height={drawing.height}
        onPick={pick}
        choice={choice}
        {...(canZoom ? { onZoom: zoom } : {})}
      />
      {picked === undefined ? (
        <Text size="xs" c="dimmed" mt={4} px={4}>
          {[
            drawing.note,
            canZoom ? "Drag over days to zoom in." : undefined,
            drawing.picked && "Click to look into a part.",
            drawing.hours && "Click an hour to filter by it, and again to let it go; the table does so by keys.",
          ]
            .filter((text) => text !== undefined)
            .join(" ")}
        </Text>
      ) : (
        <PickedLine
          picked={picked}
          period={sums.asked.period}
          onClose={() => choose(undefined)}
          onZoom={onZoom}
          onNarrow={onNarrow}
          onRecords={onRecords}
        />
      )}
    </div>
  );
});

/** What was picked, and where one can go from it. */
function PickedLine(
  props: { readonly picked: Picked; readonly period: Period; readonly onClose: () => void } & Actions,
) {
  const { picked, period, onClose, onZoom, onNarrow, onRecords } = props;
  const { name, text, days } = picked;
  const known = picked.conditions.filter(({ value }) => value !== null);
  const isPart = days !== undefined && (days.startDate !== period.startDate || days.endDate !== period.endDate);
  // Records without a value cannot be asked for by it, so the way down would lead to others as well.
  const leadsDown = known.length === picked.conditions.length;
  return (
    <section className="panel picked" aria-label="What was picked">
      <Text size="sm" className="clip" title={name} miw={0} flex={1}>
        <bdi>{name}</bdi>{" "}
        <Text component="span" fw={600} inherit>
          {text}
        </Text>
      </Text>
      <Group gap="xs">
        {known.length === 0 ? null : (
          <Button size="compact-sm" variant="light" onClick={() => onNarrow(known)}>
            Only this {wordsOf(known.map(({ dimension }) => dimension))}
          </Button>
        )}
        {isPart ? (
          <Button size="compact-sm" variant="light" onClick={() => onZoom(asChoice(days))}>
            Only {formatDays(days.startDate, days.endDate)}
          </Button>
        ) : null}
        {leadsDown ? (
          <Button
            size="compact-sm"
            variant="light"
            onClick={() => onRecords(known, days === undefined ? undefined : asChoice(days))}
          >
            {known.length === 0 ? "All records" : "Its records"}
          </Button>
        ) : null}
        <CloseButton size="sm" aria-label="Put it away" onClick={onClose} />
      </Group>
    </section>
  );
}

import { ActionIcon, Group, Menu, SegmentedControl, Text, Title, VisuallyHidden } from "@mantine/core";
import type { ECharts, EChartsCoreOption } from "echarts/core";
import { memo, type ReactNode, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { grown } from "../shell/grown.ts";
import { Icon } from "../shell/icons.tsx";
import { lazily } from "../shell/lazily.tsx";
import { ErrorState, Loading } from "../shell/states.tsx";
import { type ChartTheme, useChartTheme } from "./chart-theme.ts";
import { type ChartTable, csvOf, download, fileNameOf } from "./download.ts";
import type { CellChoice } from "./figures-table.tsx";

/** Tables of any length bring much with them, and few look at one at once. */
const FiguresTable = lazily(() => import("./figures-table.tsx"));

/** What somebody clicked on: the series' name, and the name and place of the value. */
export interface PickedPoint {
  readonly seriesName: string;
  readonly name: string;
  readonly index: number;
  readonly data: unknown;
}

/**
 * A picture with its figures: the same as a table at a button, and as PNG, SVG and CSV. Numbers in `option` are positions;
 * what is read comes from `table` and from tooltips, as text that was made from decimal strings. Memoise `option`.
 *
 * ```tsx
 * const option = useCallback((theme: ChartTheme) => stackedOption(stack, theme), [stack]);
 * <Chart title="Spend by day" summary="30 days, $12.40 on the highest." option={option} table={table} />
 * ```
 */
export const Chart = memo(function Chart(props: {
  readonly title: string;
  /** What the picture says, in a sentence, for those who do not see it. */
  readonly summary: string;
  readonly option: (theme: ChartTheme) => EChartsCoreOption;
  readonly table: ChartTable;
  readonly height?: number;
  readonly onPick?: (point: PickedPoint) => void;
  /** The first and the last place of what was dragged over; the picture then has a brush. */
  readonly onZoom?: (from: number, to: number) => void;
  /** What a click chooses in the picture can then be chosen in the table as well. */
  readonly choice?: CellChoice | undefined;
  readonly aside?: ReactNode;
  /** Said below the picture, such as what is not in it. */
  readonly note?: string | undefined;
}) {
  const { title, summary, option, table, height = 280, onPick, onZoom, choice, aside, note } = props;
  const [view, setView] = useState<"chart" | "table">("chart");
  const theme = useChartTheme();
  const drawn = useMemo(() => option(theme), [option, theme]);
  const chart = useRef<ECharts | undefined>(undefined);
  return (
    <section className="panel" aria-label={title}>
      <Group justify="space-between" gap="xs" mb="xs">
        <Title order={2} size="h3">
          {title}
        </Title>
        <Group gap="xs">
          {aside}
          <SegmentedControl
            size="xs"
            value={view}
            onChange={(value) => setView(value as "chart" | "table")}
            data={[
              { value: "chart", label: "Chart" },
              { value: "table", label: "Table" },
            ]}
            aria-label={`${title}: as`}
          />
          <Downloads
            title={title}
            table={table}
            option={drawn}
            ground={theme.ground}
            chart={() => chart.current}
            height={height}
          />
        </Group>
      </Group>
      {view === "table" ? (
        <Suspense fallback={<Loading height={height} />}>
          <FiguresTable title={title} table={table} maxHeight={Math.max(height, 240)} choice={choice} />
        </Suspense>
      ) : (
        <figure style={{ margin: 0 }}>
          <VisuallyHidden component="figcaption">{summary} The button Table shows the figures.</VisuallyHidden>
          <Canvas option={drawn} height={height} holder={chart} onPick={onPick} onZoom={onZoom} />
        </figure>
      )}
      {note === undefined ? null : (
        <Text size="xs" c="dimmed" mt={4}>
          {note}
        </Text>
      )}
    </section>
  );
});

/** The picture itself. ECharts comes with the first of them. */
function Canvas(props: {
  readonly option: EChartsCoreOption;
  readonly height: number;
  readonly holder: { current: ECharts | undefined };
  readonly onPick: ((point: PickedPoint) => void) | undefined;
  readonly onZoom: ((from: number, to: number) => void) | undefined;
}) {
  const { option, height, holder, onPick, onZoom } = props;
  const place = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<ECharts>();
  const [failure, setFailure] = useState<unknown>();
  const canZoom = onZoom !== undefined;
  useEffect(() => {
    const element = place.current;
    let made: ECharts | undefined;
    let finish: (() => void) | undefined;
    let isGone = false;
    const observer = new ResizeObserver(() => {
      // It is told of the first size as well, in which everything is drawn already.
      if (made?.getWidth() !== element?.clientWidth || made?.getHeight() !== element?.clientHeight) made?.resize();
    });
    void import("./chart-engine.ts").then(({ init, end }) => {
      if (isGone || element === null) return;
      const picture = init(element, null, { renderer: "canvas" });
      made = picture;
      finish = () => end(picture);
      observer.observe(element);
      holder.current = made;
      setChart(made);
    }, setFailure);
    return () => {
      isGone = true;
      observer.disconnect();
      finish?.();
      holder.current = undefined;
    };
  }, [holder]);
  useEffect(() => {
    if (chart === undefined || chart.isDisposed()) return;
    if (!canZoom) {
      chart.setOption(option, { notMerge: true });
      return;
    }
    // Without its toolbox, which would offer other brushes; dragging is enough.
    const zooming = { brush: brushOption, toolbox: { show: false } };
    // Each of the two would draw everything: the option waits for the action, and they draw it once.
    chart.setOption({ ...option, ...zooming }, { notMerge: true, lazyUpdate: true });
    chart.dispatchAction(
      { type: "takeGlobalCursor", key: "brush", brushOption: { brushType: "lineX", brushMode: "single" } },
      { flush: true },
    );
  }, [chart, option, canZoom]);
  useEffect(() => {
    if (chart === undefined || chart.isDisposed()) return;
    const pick = (point: unknown): void => {
      const { seriesName = "", name = "", dataIndex, data, ...at } = point as Clicked;
      onPick?.({ seriesName, name, index: dataIndex ?? nearestPlace(chart, at), data });
    };
    const zoom = (event: unknown): void => {
      const range = (event as { areas?: { coordRange?: [number, number] }[] }).areas?.[0]?.coordRange;
      if (range === undefined) return;
      chart.dispatchAction({ type: "brush", areas: [] });
      onZoom?.(Math.min(...range), Math.max(...range));
    };
    if (onPick !== undefined) chart.on("click", pick);
    if (onZoom !== undefined) chart.on("brushEnd", zoom);
    return () => {
      if (chart.isDisposed()) return;
      chart.off("click", pick);
      chart.off("brushEnd", zoom);
    };
  }, [chart, onPick, onZoom]);
  if (failure !== undefined) return <ErrorState error={failure} />;
  return (
    <div style={{ height: grown(height), position: "relative" }} aria-hidden="true">
      <div
        ref={place}
        style={{ height: "100%", width: "100%" }}
        data-chart={chart === undefined ? "loading" : "drawn"}
      />
      {chart === undefined ? (
        <div style={{ position: "absolute", inset: 0 }}>
          <Loading height={height} />
        </div>
      ) : null}
    </div>
  );
}

/** What ECharts tells of a click. Between two places of a line it tells where, and not which place. */
interface Clicked {
  readonly seriesName?: string;
  readonly seriesIndex?: number;
  readonly name?: string;
  readonly dataIndex?: number;
  readonly data?: unknown;
  readonly event?: { readonly offsetX: number; readonly offsetY: number };
}

function nearestPlace(chart: ECharts, { seriesIndex = 0, event }: Pick<Clicked, "seriesIndex" | "event">): number {
  if (event === undefined) return 0;
  const [place = 0] = chart.convertFromPixel({ seriesIndex }, [event.offsetX, event.offsetY]);
  return Math.max(0, Math.round(place));
}

const brushOption = { toolbox: [], xAxisIndex: 0, brushStyle: { borderWidth: 1, opacity: 0.2 } };

function Downloads(props: {
  readonly title: string;
  readonly table: ChartTable;
  readonly option: EChartsCoreOption;
  readonly ground: string;
  readonly chart: () => ECharts | undefined;
  readonly height: number;
}) {
  const { title, table, option, ground, chart, height } = props;
  const name = fileNameOf(title);
  const drawnAs = async (renderer: "canvas" | "svg", read: (picture: ECharts) => string): Promise<string> => {
    const { init, end } = await import("./chart-engine.ts");
    const width = chart()?.getWidth() ?? 1_000;
    const place = renderer === "svg" ? null : document.createElement("div");
    // A PNG finer than this is painted whole; as fine as this it would be what is painted by then.
    const picture = init(place, null, { renderer, ssr: renderer === "svg", width, height, devicePixelRatio: 1 });
    picture.setOption({ ...option, backgroundColor: ground });
    const content = read(picture);
    end(picture);
    return content;
  };
  const savePng = async (): Promise<void> => {
    const fine = { type: "png", pixelRatio: 2, backgroundColor: ground } as const;
    download(`${name}.png`, await drawnAs("canvas", (picture) => picture.getDataURL(fine)));
  };
  const saveSvg = async (): Promise<void> => {
    const svg = await drawnAs("svg", (picture) => picture.renderToSVGString());
    download(`${name}.svg`, new Blob([svg], { type: "image/svg+xml" }));
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="default" aria-label={`Download ${title}`}>
          <Icon name="download" size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void savePng()}>Picture (PNG)</Menu.Item>
        <Menu.Item onClick={() => void saveSvg()}>Picture (SVG)</Menu.Item>
        <Menu.Item onClick={() => download(`${name}.csv`, new Blob([csvOf(table)], { type: "text/csv" }))}>
          Figures (CSV)
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

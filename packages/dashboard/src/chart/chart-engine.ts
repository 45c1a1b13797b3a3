/** The parts of ECharts that are used. Loaded with the first chart, never before. */
import { BarChart, HeatmapChart, LineChart, SankeyChart, ScatterChart, TreemapChart } from "echarts/charts";
import {
  BrushComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  ToolboxComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import type { ECharts } from "echarts/core";
import * as echarts from "echarts/core";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";

echarts.use([
  BarChart,
  LineChart,
  ScatterChart,
  HeatmapChart,
  TreemapChart,
  SankeyChart,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  DataZoomComponent,
  VisualMapComponent,
  MarkLineComponent,
  BrushComponent,
  ToolboxComponent,
  CanvasRenderer,
  SVGRenderer,
]);

export const { init } = echarts;

/**
 * Ends a picture. A heat map is painted in pieces of 15 ms, a frame each, and the piece that still waits fails where the picture
 * is gone by then: painting nothing takes it back.
 */
export function end(chart: ECharts): void {
  chart.clear();
  chart.dispose();
}

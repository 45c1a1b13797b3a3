import { useComputedColorScheme } from "@mantine/core";
import { seriesColors } from "../shell/theme.ts";

/** The colours of a chart in the present scheme. */
export interface ChartTheme {
  readonly series: readonly string[];
  readonly text: string;
  readonly line: string;
  readonly ground: string;
  /** Of what is no series of its own. */
  readonly muted: string;
  readonly warning: string;
  /** From little to much, for heat maps. */
  readonly ramp: readonly string[];
}

const chartThemes: Readonly<Record<"light" | "dark", ChartTheme>> = {
  light: {
    series: seriesColors.light,
    text: "#495057",
    line: "#dee2e6",
    ground: "#ffffff",
    muted: "#adb5bd",
    warning: "#c92a2a",
    ramp: ["#f1f3f5", "#a3d2da", "#3299ab", "#075866"],
  },
  dark: {
    series: seriesColors.dark,
    text: "#c9c9c9",
    line: "#3b3b3b",
    ground: "#242424",
    muted: "#696969",
    warning: "#ff8787",
    ramp: ["#2b2f31", "#075866", "#3299ab", "#a3d2da"],
  },
};

export const useChartTheme = (): ChartTheme => chartThemes[useComputedColorScheme("light")];

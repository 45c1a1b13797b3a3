import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const petrol: MantineColorsTuple = [
  "#e6f6f8",
  "#d0e9ed",
  "#a3d2da",
  "#72bac7",
  "#4ba6b6",
  "#3299ab",
  "#0b7285",
  "#096474",
  "#075866",
  "#034b57",
];

/** Calm and dense: small type, little rounding, one colour that means "this can be done". */
export const theme = createTheme({
  primaryColor: "petrol",
  primaryShade: 6,
  autoContrast: true,
  respectReducedMotion: true,
  colors: { petrol },
  defaultRadius: "sm",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace",
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  headings: {
    fontWeight: "600",
    sizes: { h1: { fontSize: "1.25rem" }, h2: { fontSize: "1rem" }, h3: { fontSize: "0.875rem" } },
  },
  components: {
    // In their own colour, titles of warnings are hard to read on the light ground of it.
    Alert: { styles: { title: { color: "var(--mantine-color-text)" } } },
    Button: { defaultProps: { size: "sm" } },
    TextInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm" } },
    Modal: { defaultProps: { centered: true, closeButtonProps: { "aria-label": "Close" } } },
    Drawer: { defaultProps: { position: "right", closeButtonProps: { "aria-label": "Close" } } },
    // What is chosen in them is waited for: they do not fade while it is asked for and drawn.
    Popover: { defaultProps: { transitionProps: { duration: 0 } } },
    Menu: { defaultProps: { transitionProps: { duration: 0 } } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 200 } },
  },
});

/** Text that is less important must still be read: 4.5 to 1 on every ground, which the components' own grey is not. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#565d64",
    "--mantine-color-placeholder": "#6b7279",
    "--mantine-color-error": "#c92a2a",
    "--mantine-color-yellow-light": "#fff8db",
    "--page-ground": "#f6f7f8",
    "--focus-ring": "#0b7285",
    "--edge-shade": "rgb(0 0 0 / 35%)",
  },
  dark: {
    "--mantine-color-dimmed": "#a9afb6",
    "--mantine-color-placeholder": "#9aa0a6",
    "--mantine-color-error": "#ff8787",
    // The library's own are a bar that cannot be seen and a warning that nothing else can be seen beside.
    "--mantine-color-petrol-light": "#113c45",
    "--mantine-color-petrol-light-hover": "#16505c",
    "--mantine-color-yellow-light": "#3b3115",
    "--page-ground": "#191a1c",
    "--focus-ring": "#4ba6b6",
    "--edge-shade": "rgb(0 0 0 / 90%)",
  },
});

/** Colours of series, told apart in both schemes and by people who do not see all colours. */
export const seriesColors = {
  light: ["#0b7285", "#e8590c", "#5f3dc4", "#2b8a3e", "#c2255c", "#1864ab", "#a67c00", "#495057", "#0ca678", "#862e9c"],
  dark: ["#3bc9db", "#ff922b", "#9775fa", "#69db7c", "#f783ac", "#74c0fc", "#ffd43b", "#adb5bd", "#38d9a9", "#da77f2"],
} as const;

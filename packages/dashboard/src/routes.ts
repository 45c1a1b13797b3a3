import type { Permission } from "@llm-cost-ops/contract/permissions";
import type { ComponentType } from "react";
import type { IconName } from "./shell/icons.tsx";

/** One page: where it is, what it is called, who may see it, and the module that is loaded when somebody goes there. */
export interface PageRoute {
  readonly id: string;
  /** The address; `:name` is one segment. The server answers these, and no others, with the dashboard. */
  readonly path: string;
  readonly label: string;
  /** The group of the navigation that it stands in; absent where it is reached from another page alone. */
  readonly group?: "Costs" | "Plan" | "Operate" | "Manage";
  readonly icon?: IconName;
  /** All of these; whoever lacks one neither sees the entry nor is shown the page. */
  readonly needs: readonly Permission[];
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

/** Every page. The build reads this table too, so nothing here may need a browser. */
export const routes: readonly PageRoute[] = [
  {
    id: "overview",
    path: "/",
    label: "Overview",
    group: "Costs",
    icon: "overview",
    needs: ["costs:read"],
    load: () => import("./pages/overview/overview-page.tsx"),
  },
  {
    id: "first-run",
    path: "/start",
    label: "Record usage",
    group: "Manage",
    icon: "start",
    needs: ["costs:read"],
    load: () => import("./pages/first-run/first-run-page.tsx"),
  },
];

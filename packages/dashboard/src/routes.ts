import type { Permission } from "@llm-cost-ops/contract/permissions";
import type { ComponentType } from "react";
import type { IconName } from "./shell/icons.tsx";

/** One page: where it is, what it is called, who may see it, and the module that is loaded when somebody goes there. */
export interface PageRoute {
  readonly id: string;
  /** The address; `:name` is one segment. The server answers these with 200, and visits to no address at all with 404. */
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
    id: "explore",
    path: "/explore",
    label: "Explore",
    group: "Costs",
    icon: "explore",
    needs: ["costs:read"],
    load: () => import("./pages/explore/explore-page.tsx"),
  },
  {
    id: "explore-record",
    path: "/explore/record",
    label: "Record",
    needs: ["usage:read"],
    load: () => import("./pages/explore/record-page.tsx"),
  },
  {
    id: "prices",
    path: "/prices",
    label: "Prices",
    group: "Costs",
    icon: "prices",
    needs: ["prices:read"],
    load: () => import("./pages/prices/prices-page.tsx"),
  },
  {
    id: "price-new",
    path: "/prices/new",
    label: "Add a price",
    needs: ["prices:read", "prices:write"],
    load: () => import("./pages/prices/price-new-page.tsx"),
  },
  {
    id: "price",
    path: "/prices/model",
    label: "Price",
    needs: ["prices:read"],
    load: () => import("./pages/prices/price-page.tsx"),
  },
  {
    id: "price-change",
    path: "/prices/change",
    label: "Change a price",
    needs: ["prices:read", "prices:write"],
    load: () => import("./pages/prices/price-change-page.tsx"),
  },
  {
    id: "catalogue",
    path: "/prices/catalogue",
    label: "Price catalogue",
    needs: ["prices:read"],
    load: () => import("./pages/prices/catalogue-page.tsx"),
  },
  {
    id: "repricings",
    path: "/prices/repricings",
    label: "Repricing",
    needs: ["repricings:read"],
    load: () => import("./pages/prices/repricings-page.tsx"),
  },
  {
    id: "repricing",
    path: "/prices/repricings/:id",
    label: "A repricing",
    needs: ["repricings:read"],
    load: () => import("./pages/prices/repricing-page.tsx"),
  },
  {
    id: "budgets",
    path: "/budgets",
    label: "Budgets",
    group: "Plan",
    icon: "budgets",
    needs: ["budgets:read"],
    load: () => import("./pages/budgets/budgets-page.tsx"),
  },
  {
    id: "budget-new",
    path: "/budgets/new",
    label: "New budget",
    needs: ["budgets:read", "budgets:write"],
    load: () => import("./pages/budgets/budget-new-page.tsx"),
  },
  {
    id: "budget",
    path: "/budgets/:id",
    label: "Budget",
    needs: ["budgets:read"],
    load: () => import("./pages/budgets/budget-page.tsx"),
  },
  {
    id: "budget-edit",
    path: "/budgets/:id/edit",
    label: "Edit a budget",
    needs: ["budgets:read", "budgets:write"],
    load: () => import("./pages/budgets/budget-edit-page.tsx"),
  },
  {
    id: "live",
    // Not /live, which answers whether the process lives.
    path: "/stream",
    label: "Live",
    group: "Operate",
    icon: "live",
    needs: ["costs:read"],
    load: () => import("./pages/live/live-page.tsx"),
  },
  {
    id: "alerts",
    path: "/alerts",
    label: "Alerts",
    group: "Plan",
    icon: "alerts",
    needs: ["alerts:read"],
    load: () => import("./pages/alerts/alerts-page.tsx"),
  },
  {
    id: "alert-rule-new",
    path: "/alerts/rules/new",
    label: "New alert rule",
    needs: ["alerts:read", "alerts:write"],
    load: () => import("./pages/alerts/rule-new-page.tsx"),
  },
  {
    id: "alert-rule",
    path: "/alerts/rules/:id",
    label: "Alert rule",
    needs: ["alerts:read"],
    load: () => import("./pages/alerts/rule-page.tsx"),
  },
  {
    id: "first-run",
    path: "/start",
    label: "Record usage",
    group: "Manage",
    icon: "start",
    needs: ["usage:write"],
    load: () => import("./pages/first-run/first-run-page.tsx"),
  },
  {
    id: "settings",
    path: "/settings",
    label: "Settings",
    group: "Manage",
    icon: "settings",
    needs: [],
    load: () => import("./pages/settings/settings-page.tsx"),
  },
  {
    id: "settings-tab",
    path: "/settings/:tab",
    label: "Settings",
    needs: [],
    load: () => import("./pages/settings/settings-page.tsx"),
  },
];

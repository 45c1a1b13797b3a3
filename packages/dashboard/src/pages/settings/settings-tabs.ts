import type { Permission } from "@llm-cost-ops/contract/permissions";
import type { ComponentType } from "react";

/** One part of the settings: its last word in the address, its name, and who sees it. */
export interface SettingsTab {
  readonly id: string;
  readonly label: string;
  readonly needs: readonly Permission[];
  /** True where it is about a person, so that an API key has nothing to see there. */
  readonly isPersonal?: boolean;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

/** In the order in which they stand; the first that somebody may see is what `/settings` shows. */
export const settingsTabs: readonly SettingsTab[] = [
  {
    id: "organization",
    label: "Organization",
    needs: ["organizations:read"],
    load: () => import("./organization/organization-tab.tsx"),
  },
  {
    id: "tenants",
    label: "Tenants",
    needs: ["organizations:read"],
    load: () => import("./organization/tenants-tab.tsx"),
  },
  {
    id: "projects",
    label: "Projects and teams",
    needs: ["projects:read"],
    load: () => import("./projects/projects-tab.tsx"),
  },
  {
    id: "members",
    label: "Members",
    needs: ["members:read"],
    load: () => import("./members/members-tab.tsx"),
  },
  {
    id: "roles",
    label: "Roles",
    needs: ["members:read"],
    load: () => import("./roles/roles-tab.tsx"),
  },
  {
    id: "keys",
    label: "API keys",
    needs: ["keys:read"],
    load: () => import("./keys/keys-tab.tsx"),
  },
  {
    id: "audit",
    label: "Audit trail",
    needs: ["audit:read"],
    load: () => import("./audit/audit-tab.tsx"),
  },
  {
    id: "webhooks",
    label: "Webhooks",
    needs: ["webhooks:read"],
    load: () => import("./webhooks/webhooks-tab.tsx"),
  },
  {
    id: "channels",
    label: "Channels",
    needs: ["channels:read"],
    load: () => import("./channels/channels-tab.tsx"),
  },
  {
    id: "account",
    label: "Your account",
    needs: [],
    isPersonal: true,
    load: () => import("./account/account-tab.tsx"),
  },
];

import type { Permission } from "@llm-cost-ops/contract/permissions";
import type { ComponentType } from "react";
import AccountTab from "./account/account-tab.tsx";
import AuditTab from "./audit/audit-tab.tsx";
import ChannelsTab from "./channels/channels-tab.tsx";
import KeysTab from "./keys/keys-tab.tsx";
import MembersTab from "./members/members-tab.tsx";
import OrganizationTab from "./organization/organization-tab.tsx";
import TenantsTab from "./organization/tenants-tab.tsx";
import ProjectsTab from "./projects/projects-tab.tsx";
import RolesTab from "./roles/roles-tab.tsx";
import WebhooksTab from "./webhooks/webhooks-tab.tsx";

/** One part of the settings: its last word in the address, its name, and who sees it. */
export interface SettingsTab {
  readonly id: string;
  readonly label: string;
  readonly needs: readonly Permission[];
  /** True where it is about a person, so that an API key has nothing to see there. */
  readonly isPersonal?: boolean;
  readonly content: ComponentType;
}

/**
 * Loaded together: each for itself would cut what they share with the first page into so many files that it comes later.
 *
 * In the order in which they stand; the first that somebody may see is what `/settings` shows.
 */
export const settingsTabs: readonly SettingsTab[] = [
  {
    id: "organization",
    label: "Organization",
    needs: ["organizations:read"],
    content: OrganizationTab,
  },
  {
    id: "tenants",
    label: "Tenants",
    needs: ["organizations:read"],
    content: TenantsTab,
  },
  {
    id: "projects",
    label: "Projects and teams",
    needs: ["projects:read"],
    content: ProjectsTab,
  },
  {
    id: "members",
    label: "Members",
    needs: ["members:read"],
    content: MembersTab,
  },
  {
    id: "roles",
    label: "Roles",
    needs: ["members:read"],
    content: RolesTab,
  },
  {
    id: "keys",
    label: "API keys",
    needs: ["keys:read"],
    content: KeysTab,
  },
  {
    id: "audit",
    label: "Audit trail",
    needs: ["audit:read"],
    content: AuditTab,
  },
  {
    id: "webhooks",
    label: "Webhooks",
    needs: ["webhooks:read"],
    content: WebhooksTab,
  },
  {
    id: "channels",
    label: "Channels",
    needs: ["channels:read"],
    content: ChannelsTab,
  },
  {
    id: "account",
    label: "Your account",
    needs: [],
    isPersonal: true,
    content: AccountTab,
  },
];

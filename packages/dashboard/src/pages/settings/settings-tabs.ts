import type { Permission } from "@llm-cost-ops/contract/permissions";
import type { ComponentType } from "react";
import type { ReadFields } from "../../url-state/fields.ts";
import AccountTab from "./account/account-tab.tsx";
import { auditFields } from "./audit/audit-questions.ts";
import AuditTab from "./audit/audit-tab.tsx";
import ChannelsTab, { channelsFields } from "./channels/channels-tab.tsx";
import KeysTab, { keysFields } from "./keys/keys-tab.tsx";
import MembersTab, { membersFields } from "./members/members-tab.tsx";
import OrganizationTab from "./organization/organization-tab.tsx";
import TenantsTab from "./organization/tenants-tab.tsx";
import ProjectsTab, { projectsFields } from "./projects/projects-tab.tsx";
import RolesTab, { rolesFields } from "./roles/roles-tab.tsx";
import WebhooksTab, { webhooksFields } from "./webhooks/webhooks-tab.tsx";

/** One part of the settings: its last word in the address, its name, and who sees it. */
export interface SettingsTab {
  readonly id: string;
  readonly label: string;
  readonly needs: readonly Permission[];
  /** True where it is about a person, so that an API key has nothing to see there. */
  readonly isPersonal?: boolean;
  /** Of the address; nothing where absent. */
  readonly reads?: ReadFields;
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
    reads: projectsFields,
    content: ProjectsTab,
  },
  {
    id: "members",
    label: "Members",
    needs: ["members:read"],
    reads: membersFields,
    content: MembersTab,
  },
  {
    id: "roles",
    label: "Roles",
    needs: ["members:read"],
    reads: rolesFields,
    content: RolesTab,
  },
  {
    id: "keys",
    label: "API keys",
    needs: ["keys:read"],
    reads: keysFields,
    content: KeysTab,
  },
  {
    id: "audit",
    label: "Audit trail",
    needs: ["audit:read"],
    reads: auditFields,
    content: AuditTab,
  },
  {
    id: "webhooks",
    label: "Webhooks",
    needs: ["webhooks:read"],
    reads: webhooksFields,
    content: WebhooksTab,
  },
  {
    id: "channels",
    label: "Channels",
    needs: ["channels:read"],
    reads: channelsFields,
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

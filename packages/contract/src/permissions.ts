/** Everything that a credential can be allowed to do, each with its meaning. The one list of permissions. */
export const permissionMeanings = {
  "usage:write": "Record usage and reported costs, also as OpenTelemetry spans.",
  "usage:read": "Read usage records and the proof of what they cost.",
  "costs:read": "Read costs: lists, sums, summaries and streams.",
  "costs:write": "Change the labels of costs, and void costs.",
  "prices:read": "Read prices, providers, aliases and catalogues, and preview a catalogue.",
  "prices:write": "Add, change and end prices, providers and aliases, and apply catalogues.",
  "repricings:read": "Read repricings.",
  "repricings:write": "Preview, apply and undo repricings.",
  "imports:read": "Read the reports of imports.",
  "imports:write": "Import files of usage.",
  "exports:read": "List and download exports, together with `costs:read`.",
  "exports:write": "Describe exports, together with `costs:read`.",
  "keys:read": "List API keys, without their secrets.",
  "organizations:read": "Read the organization, its tenants and what each of them spent.",
  "organizations:write": "Make tenants, each with a first key, and change organizations and their settings.",
  "members:read": "List members, their roles, invitations, custom roles and teams.",
  "members:write": "Invite and remove members, assign roles that go no further than one's own, and change teams.",
  "projects:read": "List projects.",
  "projects:write": "Create, change and archive projects.",
  "budgets:read": "Read budgets, their history and what was spent of them.",
  "budgets:write": "Make, change and delete budgets.",
  "budgets:reserve": "Reserve of hard budgets before a call, and settle or release that after it.",
  "alerts:read": "Read alert rules and alerts.",
  "alerts:write": "Make, change and delete alert rules, acknowledge and resolve alerts.",
  "webhooks:read": "List webhook endpoints and what was sent to them.",
  "webhooks:write": "Add, change and delete webhook endpoints, replace their secrets, and send again.",
  "channels:read": "List the channels that alerts go to, and what was sent there; without what lets one in.",
  "channels:write": "Make, change, test and delete channels.",
  "views:share": "Share views with everybody who may read the organization's costs.",
  "views:manage": "Change and delete views that others share.",
  "audit:read": "Read, export, check and sign the audit trail.",
  "keys:write": "Create, rotate and revoke API keys that may do no more than their maker.",
} as const satisfies Record<string, string>;

export type Permission = keyof typeof permissionMeanings;

export const permissions = Object.keys(permissionMeanings) as [Permission, ...Permission[]];

// Who has keys and who belongs to the organization is not everybody's business; nor is the audit trail, which names people
// with their addresses and shows what was changed everywhere; nor are the addresses
// of webhooks, which may be secrets, and of channels, which name people. A role for auditors is one custom role away.
const guarded: ReadonlySet<Permission> = new Set([
  "keys:read",
  "members:read",
  "audit:read",
  "webhooks:read",
  "channels:read",
]);
const reading = permissions.filter((permission) => permission.endsWith(":read") && !guarded.has(permission));

/** The roles that every organization has, as what they allow. */
export const roles = {
  admin: new Set(permissions),
  developer: new Set<Permission>([
    ...reading,
    "usage:write",
    "budgets:reserve",
    "imports:write",
    "exports:write",
    "keys:read",
    "views:share",
  ]),
  analyst: new Set<Permission>([...reading, "exports:write", "views:share"]),
  billing: new Set<Permission>([
    ...reading,
    "costs:write",
    "prices:write",
    "repricings:write",
    "exports:write",
    "budgets:write",
    "alerts:write",
    "views:share",
    // Alerts about budgets name the channels that they go to.
    "channels:read",
  ]),
  viewer: new Set<Permission>(reading),
} as const satisfies Record<string, ReadonlySet<Permission>>;

export type Role = keyof typeof roles;

/** What is about records: a role may allow it for some projects or for a member's own records alone. */
export const recordPermissions: ReadonlySet<Permission> = new Set(
  permissions.filter((permission) => /^(?:usage|costs|imports|exports|budgets):/.test(permission)),
);

/** What a role may allow for some projects: everything about records, and the keys of those projects. */
export const projectPermissions: ReadonlySet<Permission> = new Set(
  permissions.filter((permission) => recordPermissions.has(permission) || permission.startsWith("keys:")),
);

import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Organization, OrganizationInput, OrganizationUpdate } from "@llm-cost-ops/contract";
import { formatInstant, formatMoney, isTimeZone } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import { insertKey, type KeyCredential, newKeyCredential } from "../identity/api-keys.sql.ts";
import type { OwnLimits } from "../limits/organization-limits.ts";
import { readQuantityLimits } from "../limits/quantity-limit.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import {
  installationChange,
  installationRead,
  type OfOrganization,
  type Store,
  storeRead,
} from "../store/operation.ts";
import { readMoney } from "../usage/money-input.ts";
import { type Organizations, slugOf, type Viewer } from "./organizations.ts";

interface OrganizationRow {
  readonly organization_id: string;
  readonly name: string;
  readonly slug: string | null;
  readonly parent_id: string | null;
  readonly isolation: string | null;
  readonly settings: string;
  readonly created_at: number;
  readonly updated_at: number | null;
}

const columns = "organization_id, name, slug, parent_id, isolation, settings, created_at, updated_at";

const toWire = (row: OrganizationRow): Organization => ({
  id: row.organization_id,
  name: row.name,
  slug: row.slug ?? row.organization_id,
  parent_id: row.parent_id,
  isolation: row.isolation as Organization["isolation"],
  settings: JSON.parse(row.settings) as Organization["settings"],
  created_at: formatInstant(row.created_at),
  updated_at: formatInstant(row.updated_at ?? row.created_at),
});

/** The organization itself or one of its tenants: nobody else's exists for the caller. */
async function readVisible(
  connection: StoreConnection,
  { organizationId, seesStrict }: Viewer,
  id: string,
): Promise<OrganizationRow> {
  const row = await connection.get<OrganizationRow>(
    `SELECT ${columns} FROM organizations WHERE organization_id = ?1 AND (organization_id = ?2 OR parent_id = ?2)`,
    id,
    organizationId,
  );
  if (row === undefined || (id !== organizationId && !seesStrict && row.isolation !== "shared"))
    throw new Refusal("NOT_FOUND", "There is no organization with this id.");
  return row;
}

function settingsText(settings: OrganizationInput["settings"]): string {
  const { budget_limit: limit, limits, ...others } = settings ?? {};
  if (others.timezone !== undefined && !isTimeZone(others.timezone)) {
    throw new Refusal("VALIDATION_ERROR", "The settings are not right.", {
      fieldErrors: { "settings.timezone": "must be an IANA time zone, such as Europe/Berlin" },
    });
  }
  const amount = limit === undefined ? undefined : readMoney(limit);
  if (limit !== undefined && (amount === undefined || amount < 0n)) {
    throw new Refusal("VALIDATION_ERROR", "The settings are not right.", {
      fieldErrors: { "settings.budget_limit": "must be a decimal number that is not negative, such as 10000" },
    });
  }
  return JSON.stringify({
    ...(amount === undefined ? {} : { budget_limit: formatMoney(amount) }),
    ...(limits === undefined ? {} : { limits: readQuantityLimits(limits, "settings.limits.") }),
    ...others,
  });
}

/** A tenant goes on having the limits that its parent set, whatever other settings it changes. */
function settingsOf(
  row: OrganizationRow,
  settings: NonNullable<OrganizationUpdate["settings"]>,
  changedBy: string,
): NonNullable<OrganizationUpdate["settings"]> {
  if (row.parent_id === null || row.organization_id !== changedBy) return settings;
  const { limits } = JSON.parse(row.settings) as Organization["settings"];
  if (settings.limits !== undefined && !isDeepStrictEqual(readQuantityLimits(settings.limits, ""), limits)) {
    throw new Refusal("VALIDATION_ERROR", "Only the parent decides what a tenant may use.", {
      fieldErrors: { "settings.limits": "can be changed by the parent of a tenant alone" },
    });
  }
  return { ...settings, ...(limits === undefined ? {} : { limits }) };
}

interface NewTenant {
  readonly organizationId: string;
  readonly input: OrganizationInput;
}

async function insertTenant(connection: StoreConnection, { organizationId, input }: NewTenant): Promise<Organization> {
  const parent = await readVisible(connection, { organizationId, seesStrict: true }, organizationId);
  if (parent.parent_id !== null) {
    throw new Refusal("CONFLICT", "A tenant cannot have tenants of its own.");
  }
  const slug = input.slug ?? slugOf(input.name);
  if (slug === undefined) {
    throw new Refusal("VALIDATION_ERROR", "The organization needs a slug.", {
      fieldErrors: { slug: "is needed, because the name has no Latin letter or digit" },
    });
  }
  const taken = await connection.get(
    "SELECT 1 AS found FROM organizations WHERE parent_id = ? AND slug = ?",
    organizationId,
    slug,
  );
  if (taken !== undefined) {
    throw new Refusal("CONFLICT", `There is a tenant with the slug ${slug} already.`, {
      fieldErrors: { slug: "is taken" },
    });
  }
  const row: OrganizationRow = {
    organization_id: `org-${randomUUID()}`,
    name: input.name,
    slug,
    parent_id: organizationId,
    isolation: input.isolation ?? "strict",
    settings: settingsText(input.settings),
    created_at: connection.now(),
    updated_at: null,
  };
  await connection.run(
    `INSERT INTO organizations (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    row.organization_id,
    row.name,
    row.slug,
    row.parent_id,
    row.isolation,
    row.settings,
    row.created_at,
    row.updated_at,
  );
  return toWire(row);
}

/** A tenant and its first key are made together: without a key nobody could ever enter it. */
const createTenant = installationChange<NewTenant & { readonly credential: KeyCredential }, TenantMade>(
  "organizations.createTenant",
  async (connection, args) => {
    const organization = await insertTenant(connection, args);
    const { id, name } = await insertKey(connection, {
      organizationId: organization.id,
      key: { name: "administrator", scopes: null, projectId: null, expiresAtMs: null },
      credential: args.credential,
    });
    const made = { organization, key: { id, name } };
    await recordChange(connection, {
      organizationId: args.organizationId,
      action: "organizations.create",
      resource: { type: "organization", id: organization.id },
      after: { ...organization, api_key: made.key },
    });
    return made;
  },
);

interface TenantMade {
  readonly organization: Organization;
  readonly key: { readonly id: string; readonly name: string };
}

const listOrganizations = installationRead<Viewer, readonly Organization[]>(
  "organizations.list",
  async (connection, { organizationId, seesStrict }) => {
    const rows = await connection.all<OrganizationRow>(
      `SELECT ${columns} FROM organizations
       WHERE organization_id = ?1 OR (parent_id = ?1 AND (?2 = 1 OR isolation = 'shared'))
       ORDER BY CASE WHEN organization_id = ?1 THEN 0 ELSE 1 END, lower(name), organization_id`,
      organizationId,
      seesStrict ? 1 : 0,
    );
    return rows.map(toWire);
  },
);

const getOrganization = installationRead<{ readonly viewer: Viewer; readonly id: string }, Organization>(
  "organizations.get",
  async (connection, { viewer, id }) => toWire(await readVisible(connection, viewer, id)),
);

interface Named {
  readonly organizationId: string;
  readonly id: string;
}

const updateOrganization = installationChange<Named & { readonly update: OrganizationUpdate }, Organization>(
  "organizations.update",
  async (connection, { organizationId, id, update }) => {
    const row = await readVisible(connection, { organizationId, seesStrict: true }, id);
    if (update.isolation !== undefined && (row.parent_id === null || id === organizationId)) {
      throw new Refusal("VALIDATION_ERROR", "Only the parent decides how a tenant is isolated.", {
        fieldErrors: { isolation: "can be changed by the parent of a tenant alone" },
      });
    }
    const settings = update.settings && settingsOf(row, update.settings, organizationId);
    const changed: OrganizationRow = {
      ...row,
      name: update.name ?? row.name,
      isolation: update.isolation ?? row.isolation,
      settings: settings === undefined ? row.settings : settingsText(settings),
      updated_at: connection.now(),
    };
    await connection.run(
      "UPDATE organizations SET name = ?, isolation = ?, settings = ?, updated_at = ? WHERE organization_id = ?",
      changed.name,
      changed.isolation,
      changed.settings,
      changed.updated_at,
      id,
    );
    await recordChange(connection, {
      organizationId,
      action: "organizations.update",
      resource: { type: "organization", id },
      before: toWire(row),
      after: toWire(changed),
    });
    return toWire(changed);
  },
);

async function readSettings(
  connection: StoreConnection,
  organizationId: string,
): Promise<Organization["settings"] | undefined> {
  const row = await connection.get<Pick<OrganizationRow, "settings">>(
    "SELECT settings FROM organizations WHERE organization_id = ?",
    organizationId,
  );
  return row === undefined ? undefined : (JSON.parse(row.settings) as Organization["settings"]);
}

/** What an organization, or its parent, sets for all of its callers together. */
export const readOwnLimits = storeRead<OfOrganization, OwnLimits | undefined>(
  "organizations.ownLimits",
  async (connection, { organizationId }) => {
    const settings = await readSettings(connection, organizationId);
    return settings && { requests: settings.rate_limit_requests, quantities: settings.limits };
  },
);

/** The IANA zone that days of an organization are days of. */
export const readTimeZone = storeRead<OfOrganization, string>(
  "organizations.timeZone",
  async (connection, { organizationId }) => (await readSettings(connection, organizationId))?.timezone ?? "UTC",
);

/** Organizations in a store. `keyPrefix` begins the first keys of tenants. */
export function createOrganizations(store: Store, keyPrefix: string): Organizations {
  return {
    async createTenant(organizationId, input) {
      const { secret, credential } = newKeyCredential(keyPrefix);
      const { organization, key } = await store.run(createTenant, { organizationId, input, credential });
      return { ...organization, api_key: { ...key, key: secret } };
    },
    list: (viewer) => store.run(listOrganizations, viewer),
    get: (viewer, id) => store.run(getOrganization, { viewer, id }),
    update: (organizationId, id, update) => store.run(updateOrganization, { organizationId, id, update }),
  };
}

export const organizationOperations = [
  createTenant,
  listOrganizations,
  getOrganization,
  updateOrganization,
  readOwnLimits,
  readTimeZone,
] as const;

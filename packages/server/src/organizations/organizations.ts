import type { Organization, OrganizationCreated, OrganizationInput, OrganizationUpdate } from "@llm-cost-ops/contract";

/** Who looks at organizations: one of an organization, who may or may not look into its strictly isolated tenants. */
export interface Viewer {
  readonly organizationId: string;
  readonly seesStrict: boolean;
}

/** Keeps organizations. One that is nobody's tenant may have tenants; it sees them, and they see themselves alone. */
export interface Organizations {
  /** Makes a tenant with a first administrator key. Refuses with CONFLICT a slug that the parent has, and tenants of tenants. */
  createTenant(parentId: string, input: OrganizationInput): Promise<OrganizationCreated>;
  /** The organization itself, then by name the tenants that the viewer sees. */
  list(viewer: Viewer): Promise<readonly Organization[]>;
  /** The organization itself or a tenant that the viewer sees; any other is NOT_FOUND. */
  get(viewer: Viewer, id: string): Promise<Organization>;
  update(organizationId: string, id: string, update: OrganizationUpdate): Promise<Organization>;
}

/** A slug for a name: its letters and digits, other characters as single hyphens. Undefined where nothing is left. */
export function slugOf(name: string): string | undefined {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const slug = plain
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  return slug === "" ? undefined : slug;
}

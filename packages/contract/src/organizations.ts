import { z } from "zod";
import { AggregateRow, Range } from "./costs.ts";
import { Instant, MoneyInput, MoneyString, Name } from "./fields.ts";
import { KeptQuantityLimits, QuantityLimits } from "./quantity-limits.ts";

/**
 * Who of the parent may look into a tenant: with `strict` those who may make tenants (`organizations:write`), with
 * `shared` everybody who may read organizations. A tenant itself sees neither its parent nor its siblings.
 */
export const isolationLevels = ["strict", "shared"] as const;

export const Slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be 1 to 63 lower-case letters, digits and hyphens");

const notEnforced = "Kept and given back; nothing is measured by it, told or refused yet.";

/** What an organization decides for itself. Each setting says whether it is enforced. */
export const OrganizationSettings = z
  .strictObject({
    budget_limit: MoneyInput.optional().meta({ description: `What may be spent in a budget period. ${notEnforced}` }),
    budget_period: z
      .enum(["daily", "weekly", "monthly", "quarterly", "yearly"])
      .optional()
      .meta({ description: `The period of \`budget_limit\`. ${notEnforced}` }),
    alert_threshold: z
      .number()
      .min(0)
      .max(10)
      .optional()
      .meta({ description: `The part of \`budget_limit\` to warn at, such as 0.8. ${notEnforced}` }),
    rate_limit_requests: z.number().int().min(1).max(10_000_000).optional().meta({
      description:
        "Reads a minute of all the organization's callers together, and as many writes. Enforced within seconds of a change, beside what the installation allows.",
    }),
    limits: QuantityLimits.optional().meta({
      description:
        "In tokens and money, of all the organization's callers together, beside what the installation allows. Those of a tenant are its parent's to set.",
    }),
    timezone: z.string().min(1).max(64).optional().meta({
      description:
        "An IANA time zone. Checked and kept; questions are answered in the zone that they name, else in UTC.",
    }),
  })
  .meta({ id: "OrganizationSettings" });
export type OrganizationSettings = z.output<typeof OrganizationSettings>;

export const OrganizationInput = z
  .strictObject({
    name: Name,
    slug: Slug.optional(),
    isolation: z.enum(isolationLevels).optional(),
    settings: OrganizationSettings.optional(),
  })
  .meta({ id: "OrganizationInput", description: "A tenant of the caller's organization." });
export type OrganizationInput = z.output<typeof OrganizationInput>;

export const OrganizationUpdate = z
  .strictObject({
    name: Name.optional(),
    isolation: z.enum(isolationLevels).optional(),
    settings: OrganizationSettings.optional(),
  })
  .refine((update) => Object.values(update).some((value) => value !== undefined), "must change something")
  .meta({ id: "OrganizationUpdate", description: "Settings that are named take the place of all that stood before." });
export type OrganizationUpdate = z.output<typeof OrganizationUpdate>;

export const Organization = z
  .object({
    id: z.string(),
    name: z.string(),
    slug: z.string(),
    parent_id: z.string().nullable().meta({ description: "Null for an organization that is nobody's tenant." }),
    isolation: z.enum(isolationLevels).nullable(),
    settings: z.object({
      ...OrganizationSettings.shape,
      budget_limit: MoneyString.optional(),
      limits: KeptQuantityLimits.optional(),
    }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "Organization" });
export type Organization = z.infer<typeof Organization>;

export const OrganizationCreated = Organization.extend({
  api_key: z.object({ id: z.string(), name: z.string(), key: z.string() }).meta({
    description: "The tenant's first key, an administrator's; shown this once.",
  }),
}).meta({ id: "OrganizationCreated" });
export type OrganizationCreated = z.infer<typeof OrganizationCreated>;

export const TenantCostsQuery = z.strictObject({
  start_date: Instant.optional(),
  end_date: Instant.optional(),
  range: z.string().max(64).optional(),
  days: z.coerce.number().int().min(1).max(3_660).optional(),
  timezone: z.string().max(64).optional(),
});

/** One row for each organization and currency, the caller's own first. */
export const TenantCosts = z.object({ data: z.array(AggregateRow), range: Range }).meta({ id: "TenantCosts" });
export type TenantCosts = z.infer<typeof TenantCosts>;

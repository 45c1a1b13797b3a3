import { z } from "zod";
import { Instant, Name } from "./fields.ts";
import { permissions } from "./permissions.ts";
import { KeptQuantityLimits, QuantityLimits } from "./quantity-limits.ts";

/** What a key is for. Both kinds may do the same; they differ in how they begin: `sk_live_…` and `sk_test_…`. */
export const keyEnvironments = ["live", "test"] as const;

export const PermissionName = z.enum(permissions).meta({ id: "Permission" });

const overlapSecondsMax = 30 * 86_400;

export const ApiKeyInput = z
  .strictObject({
    name: Name,
    scopes: z
      .array(PermissionName)
      .min(1, "must name at least one permission, or be absent")
      .max(permissions.length)
      .optional()
      .meta({ description: "What the key may do; all that its maker may do where absent, and never more." }),
    expires_at: Instant.optional().meta({
      description:
        "An instant in the future from which on the key is refused; that of the key that makes it where absent, and never later.",
      examples: ["2027-01-31T12:00:00Z"],
    }),
    project_id: Name.optional().meta({
      description: "Records of the key get this project where they name none, and may name no other.",
    }),
    limits: QuantityLimits.optional().meta({
      description: "Those of the key that makes it where absent or in part, and never more.",
    }),
    environment: z.enum(keyEnvironments).default("live").meta({
      description:
        "What the key is for: `live` begins with `sk_live_` (or API_KEY_PREFIX), `test` with `sk_test_`. Both may do the same.",
    }),
  })
  .meta({ id: "ApiKeyInput" });
export type ApiKeyInput = z.output<typeof ApiKeyInput>;

export const ApiKeyUpdate = z
  .strictObject({
    name: Name.optional(),
    limits: QuantityLimits.nullable().optional().meta({
      description: "In place of all that it has; null takes them away. Never more than those of the key that asks.",
    }),
  })
  .refine((update) => Object.values(update).some((value) => value !== undefined), "must change something")
  .meta({ id: "ApiKeyUpdate" });
export type ApiKeyUpdate = z.output<typeof ApiKeyUpdate>;

export const ApiKeyRotation = z
  .strictObject({
    overlap_seconds: z
      .number()
      .int()
      .min(0)
      .max(overlapSecondsMax, `must be at most ${overlapSecondsMax} (30 days)`)
      .default(86_400)
      .meta({ description: "How long the old key goes on working." }),
  })
  .meta({ id: "ApiKeyRotation" });

export const ApiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    organization_id: z.string(),
    prefix: z.string().meta({ description: "The first characters, to recognise the key by." }),
    environment: z.enum(keyEnvironments).meta({ description: "`test` of a key that begins with `sk_test_`." }),
    scopes: z.array(PermissionName).meta({ description: "What the key may do." }),
    project_id: z.string().nullable(),
    limits: KeptQuantityLimits.nullable().meta({
      description: "The key's own, in tokens and money; null where it has none.",
    }),
    created_at: z.string(),
    last_used_at: z.string().nullable(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
    rotated_from: z.string().nullable().meta({ description: "The id of the key that this one takes the place of." }),
  })
  .meta({ id: "ApiKey" });
export type ApiKey = z.infer<typeof ApiKey>;

export const ApiKeyCreated = ApiKey.extend({
  key: z.string().meta({ description: "Shown this once; only a hash is kept." }),
}).meta({ id: "ApiKeyCreated" });
export type ApiKeyCreated = z.infer<typeof ApiKeyCreated>;

import { z } from "zod";
import { Instant, Name } from "./fields.ts";
import { permissions } from "./permissions.ts";

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
      description: "An instant in the future from which on the key is refused.",
      examples: ["2027-01-31T12:00:00Z"],
    }),
    project_id: Name.optional().meta({
      description: "Records of the key get this project where they name none, and may name no other.",
    }),
  })
  .meta({ id: "ApiKeyInput" });
export type ApiKeyInput = z.infer<typeof ApiKeyInput>;

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
    scopes: z.array(PermissionName).meta({ description: "What the key may do." }),
    project_id: z.string().nullable(),
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

import { z } from "zod";
import { CursorPage, Instant, Name } from "./fields.ts";

const AuditFilterFields = {
  organization_id: Name.optional(),
  start_date: Instant.optional(),
  end_date: Instant.optional(),
  range: z.string().max(64).optional(),
  days: z.coerce.number().int().min(1).max(3_660).optional(),
  timezone: z.string().max(64).optional(),
  action: Name.optional().meta({
    description: "What was done: the name of an operation.",
    examples: ["apiKeys.create"],
  }),
  resource_type: Name.optional().meta({ examples: ["api_key"] }),
  resource_id: Name.optional(),
  user_id: Name.optional().meta({ description: "The id or the e-mail address of the user who did it." }),
  key_id: Name.optional().meta({ description: "The id of the API key that it was done with." }),
};

export const AuditQuery = z.strictObject({
  ...AuditFilterFields,
  ...CursorPage.pick({ limit: true, cursor: true }).shape,
});
export type AuditQuery = z.output<typeof AuditQuery>;

export const auditExportFormats = ["jsonl", "csv"] as const;

export const AuditExportQuery = z.strictObject({
  ...AuditFilterFields,
  format: z.enum(auditExportFormats).default("jsonl"),
});
export type AuditExportQuery = z.output<typeof AuditExportQuery>;

const Hash = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits");

/** One entry. Its fields stand in the order in which they are hashed and exported. */
export const AuditEntry = z
  .object({
    organization_id: z.string(),
    seq: z.number().int().meta({ description: "1 for the organization's first entry, then counting without gaps." }),
    timestamp: z.string(),
    action: z.string().meta({ description: "What was done: the name of an operation, such as `apiKeys.create`." }),
    resource_type: z.string(),
    resource_id: z.string().nullable(),
    actor_kind: z.enum(["key", "user", "process", "command", "nobody"]).meta({
      description:
        "`process` is the server itself, `command` the command line on its machine, `nobody` a request without a credential.",
    }),
    actor_id: z.string().nullable(),
    actor_name: z.string().nullable(),
    user_id: z.string().nullable().meta({ description: "`actor_id` where the actor is a user." }),
    user_email: z.string().nullable().meta({ description: "`actor_name` where the actor is a user." }),
    client_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    request_id: z.string().nullable(),
    outcome: z.enum(["success", "refused"]),
    before: z.unknown().meta({ description: "What was there before; null where nothing was." }),
    after: z.unknown().meta({ description: "What is there now; null where nothing is." }),
    previous_hash: z.string(),
    hash: z.string().meta({ description: "SHA-256 of the entry and of the hash before it, in hexadecimal." }),
  })
  .meta({ id: "AuditEntry", description: "One change or one sign-in." });
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditCheckpoint = z
  .strictObject({
    format: z.literal("llm-cost-ops-audit-checkpoint-1"),
    organization_id: Name,
    seq: z.number().int().min(0),
    hash: Hash,
    time: z.iso.datetime({ precision: 3 }),
    public_key: z.base64().max(1_024).meta({ description: "Ed25519, as SubjectPublicKeyInfo in base64." }),
    signature: z.base64().max(1_024),
  })
  .meta({ id: "AuditCheckpoint", description: "What the trail was at one moment, signed; to be kept elsewhere." });
export type AuditCheckpoint = z.infer<typeof AuditCheckpoint>;

export const AuditVerifyInput = z
  .strictObject({ checkpoint: AuditCheckpoint.optional() })
  .meta({ id: "AuditVerifyInput", description: "A checkpoint that was kept elsewhere, if there is one." });
export type AuditVerifyInput = z.infer<typeof AuditVerifyInput>;

/** What may be wrong with a trail, in the order in which it is looked for at an entry. */
export const auditProblemKinds = ["missing", "changed", "broken", "forged", "foreign_key", "rewritten", "cut"] as const;

export const AuditVerification = z
  .object({
    valid: z.boolean(),
    entries: z.number().int().meta({ description: "How many entries were read." }),
    checkpoints: z.number().int().meta({ description: "How many checkpoints agree with the entries." }),
    seq: z.number().int().meta({ description: "The last entry up to which everything fits." }),
    hash: z.string(),
    problem: z
      .object({
        kind: z.enum(auditProblemKinds),
        seq: z.number().int().meta({ description: "The first entry that does not fit." }),
        message: z.string(),
      })
      .nullable(),
  })
  .meta({ id: "AuditVerification" });
export type AuditVerification = z.infer<typeof AuditVerification>;

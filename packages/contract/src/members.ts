import { z } from "zod";
import { PermissionName } from "./api-keys.ts";
import { Email } from "./auth.ts";
import { freeText, limits, Name } from "./fields.ts";
import { permissions } from "./permissions.ts";

/** How far a role reaches. Teams are named by slug or id, projects by the name that records carry. */
export const RoleScope = z
  .string()
  .max(limits.nameLength + "organization:".length, "is too long")
  .regex(
    /^(?:own|organization|(?:organization|team|project):[^\p{Cc}\p{Cs}\u2028\u2029]+)$/u,
    "must be organization, organization:<id>, team:<id or slug>, project:<id> or own",
  )
  .meta({
    description:
      "`organization:<id>` (or `organization`): everything. `team:<id or slug>`: records and keys of the team's projects. `project:<id>`: records and keys of one project. `own`: records whose `user_id` is the member's id or e-mail.",
    examples: ["team:engineering"],
  });

const RoleName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/, "must be 1 to 64 lower-case letters, digits, hyphens, underscores");

export const RoleGrant = z
  .object({ role: z.string(), scope: RoleScope })
  .meta({ id: "RoleGrant", description: "One role at one scope." });
export type RoleGrant = z.infer<typeof RoleGrant>;

export const Member = z
  .object({
    user_id: z.string(),
    email: z.string(),
    name: z.string().nullable(),
    organization_id: z.string(),
    roles: z.array(RoleGrant),
    disabled: z.boolean().meta({ description: "Whether the user may not sign in at all." }),
    joined_at: z.string(),
  })
  .meta({ id: "Member" });
export type Member = z.infer<typeof Member>;

export const InvitationInput = z
  .strictObject({
    user_email: Email,
    role: RoleName,
    scope: RoleScope.default("organization"),
    expires_in_days: z.number().int().min(1).max(limits.invitationDays).default(7),
  })
  .meta({ id: "InvitationInput" });
export type InvitationInput = z.output<typeof InvitationInput>;

export const Invitation = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    user_email: z.string(),
    role: z.string(),
    scope: RoleScope,
    status: z.enum(["pending", "accepted", "revoked", "expired"]),
    created_at: z.string(),
    expires_at: z.string(),
  })
  .meta({ id: "Invitation" });
export type Invitation = z.infer<typeof Invitation>;

export const InvitationCreated = Invitation.extend({
  token: z.string().meta({
    description: "Hand it to the invited person: the server sends no mail yet. Shown this once; only a hash is kept.",
  }),
}).meta({ id: "InvitationCreated" });
export type InvitationCreated = z.infer<typeof InvitationCreated>;

export const InvitationAcceptance = z
  .strictObject({
    token: z.string().min(1, "must not be empty").max(200),
    password: z
      .string()
      .min(1, "must not be empty")
      .max(limits.passwordBytes, `must be at most ${limits.passwordBytes} characters`)
      .optional()
      .meta({
        description:
          "Of a new user: what to sign in with from now on. Of somebody who is a user already: the present password. Not needed with the access token of the invited user.",
      }),
    name: Name.optional(),
  })
  .meta({ id: "InvitationAcceptance" });
export type InvitationAcceptance = z.infer<typeof InvitationAcceptance>;

export const RoleAssignment = z
  .strictObject({
    user_id: Name.optional(),
    user_email: Email.optional(),
    role: RoleName,
    scope: RoleScope.default("organization"),
  })
  .refine(({ user_id: id, user_email: email }) => (id === undefined) !== (email === undefined), {
    message: "must name the member by either user_id or user_email",
    path: ["user_email"],
  })
  .meta({ id: "RoleAssignment", description: "The role takes the place of the one that the member has at the scope." });
export type RoleAssignment = z.output<typeof RoleAssignment>;

export const RoleRemovalQuery = z.strictObject({ scope: RoleScope });

const RolePermissions = z
  .array(PermissionName)
  .min(1, "must name at least one permission")
  .max(permissions.length)
  .meta({ description: "No more than the credential itself has." });

export const RoleInput = z
  .strictObject({ name: RoleName, description: freeText(1_000).default(""), permissions: RolePermissions })
  .meta({ id: "RoleInput", description: "A role of the organization's own." });
export type RoleInput = z.output<typeof RoleInput>;

export const RoleUpdate = z
  .strictObject({ description: freeText(1_000).optional(), permissions: RolePermissions.optional() })
  .refine((update) => Object.values(update).some((value) => value !== undefined), "must change something")
  .meta({ id: "RoleUpdate" });
export type RoleUpdate = z.output<typeof RoleUpdate>;

export const RoleRecord = z
  .object({
    name: z.string(),
    description: z.string(),
    permissions: z.array(PermissionName),
    custom: z.boolean().meta({ description: "Whether it is the organization's own." }),
    created_at: z.string().nullable(),
    updated_at: z.string().nullable(),
  })
  .meta({ id: "Role" });
export type RoleRecord = z.infer<typeof RoleRecord>;

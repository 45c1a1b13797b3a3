import { z } from "zod";
import { PermissionName } from "./api-keys.ts";
import { limits, Name } from "./fields.ts";

export const Email = z
  .string()
  .max(limits.emailLength, `must be at most ${limits.emailLength} characters`)
  .regex(/^[^\s@\p{Cc}\p{Cs}"<>,;:\\()[\]]+@[^\s@\p{Cc}\p{Cs}"<>,;:\\()[\]]+$/u, "must be an e-mail address")
  .meta({ examples: ["ada@example.com"] });

/** A password that is only compared: its length is bounded, so that nobody makes the server hash a novel. */
const GivenPassword = z
  .string()
  .min(1, "must not be empty")
  .max(limits.passwordBytes, `must be at most ${limits.passwordBytes} characters`);

const NewPassword = GivenPassword.meta({
  description: `At least ${limits.passwordLength} characters, at most ${limits.passwordBytes} bytes, and not one that everybody tries first.`,
});

const Code = z
  .string()
  .min(6, "must be the 6 digits that the app shows, or a recovery code")
  .max(40, "must be the 6 digits that the app shows, or a recovery code")
  .meta({ description: "What the authenticator app shows, or a recovery code; each is good once." });

const RefreshTokenText = z.string().min(1, "must not be empty").max(4_096);

export const LoginInput = z
  .strictObject({
    email: Email,
    password: GivenPassword,
    code: Code.optional(),
    organization_id: Name.optional().meta({
      description: "The organization to enter; the one that the user has belonged to longest where absent.",
    }),
  })
  .meta({ id: "LoginInput" });
export type LoginInput = z.infer<typeof LoginInput>;

export const RefreshInput = z.strictObject({ refresh_token: RefreshTokenText }).meta({ id: "RefreshInput" });
export type RefreshInput = z.infer<typeof RefreshInput>;

export const UserSession = z
  .object({
    id: z.string(),
    user_id: z.string(),
    organization_id: z.string(),
    created_at: z.string(),
    refreshed_at: z.string().meta({ description: "When it was used last, within the life of an access token." }),
    expires_at: z.string(),
    client_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    current: z.boolean().meta({ description: "Whether this very request came with it." }),
  })
  .meta({ id: "UserSession" });
export type UserSession = z.infer<typeof UserSession>;

export const SignedInUser = z
  .object({ id: z.string(), email: z.string(), name: z.string().nullable() })
  .meta({ id: "SignedInUser" });
export type SignedInUser = z.infer<typeof SignedInUser>;

export const SessionTokens = z
  .object({
    token_type: z.literal("Bearer"),
    access_token: z.string().meta({ description: "Sent as `Authorization: Bearer …`, like an API key." }),
    expires_in: z.number().int().meta({ description: "Seconds until the access token ends." }),
    refresh_token: z.string().meta({
      description: "Good for one refresh, which gives the next one. One that comes back later ends the session.",
    }),
    session: UserSession,
    user: SignedInUser,
  })
  .meta({ id: "SessionTokens" });
export type SessionTokens = z.infer<typeof SessionTokens>;

export const BrowserSession = SessionTokens.omit({ refresh_token: true }).meta({
  id: "BrowserSession",
  description: "The refresh token is a cookie, which no script can read.",
});
export type BrowserSession = z.infer<typeof BrowserSession>;

export const WhoAmI = z
  .object({
    kind: z.enum(["key", "user", "process"]),
    id: z.string(),
    name: z.string().meta({ description: "The name of the key, or the e-mail address of the user." }),
    organization_id: z.string(),
    timezone: z.string().meta({ description: "The IANA zone that days of the organization are days of." }),
    permissions: z.array(PermissionName),
    limited_to: z
      .record(
        z.string(),
        z.object({ projects: z.array(z.string()).optional(), user_ids: z.array(z.string()).optional() }),
      )
      .meta({ description: "Of permissions that hold for a part of the records alone, that part." }),
    session_id: z.string().nullable(),
    second_factor: z.boolean().nullable().meta({ description: "Whether the user has one; null for keys." }),
    organizations: z
      .array(z.object({ id: z.string(), name: z.string() }))
      .meta({ description: "Where the user may sign in; empty for keys." }),
  })
  .meta({ id: "WhoAmI" });
export type WhoAmI = z.infer<typeof WhoAmI>;

export const PasswordChange = z
  .strictObject({ current_password: GivenPassword, new_password: NewPassword })
  .meta({ id: "PasswordChange" });
export type PasswordChange = z.infer<typeof PasswordChange>;

export const PasswordResetRequest = z.strictObject({ email: Email }).meta({ id: "PasswordResetRequest" });

export const PasswordResetAsked = z
  .object({
    sends_mail: z.boolean().meta({
      description: "Whether this server sends mail at all; if not, ask an administrator for a token.",
    }),
  })
  .meta({ id: "PasswordResetAsked" });
export type PasswordResetAsked = z.infer<typeof PasswordResetAsked>;

export const PasswordResetConfirmation = z
  .strictObject({ token: z.string().min(1, "must not be empty").max(200), new_password: NewPassword })
  .meta({ id: "PasswordResetConfirmation" });
export type PasswordResetConfirmation = z.infer<typeof PasswordResetConfirmation>;

export const PasswordReset = z
  .object({
    user_id: z.string(),
    email: z.string(),
    token: z.string().meta({ description: "To be handed to the user. Good once; shown this once." }),
    expires_at: z.string(),
  })
  .meta({ id: "PasswordReset" });
export type PasswordReset = z.infer<typeof PasswordReset>;

export const TotpStart = z.strictObject({ password: GivenPassword }).meta({ id: "TotpStart" });

export const TotpOffer = z
  .object({
    secret: z.string().meta({ description: "To be typed into the app. Shown this once." }),
    uri: z.string().meta({ description: "The same as an otpauth address, to be shown as a QR code." }),
  })
  .meta({ id: "TotpOffer" });
export type TotpOffer = z.infer<typeof TotpOffer>;

export const TotpCode = z.strictObject({ code: Code }).meta({ id: "TotpCode" });

export const SecondFactorProof = z
  .strictObject({ password: GivenPassword, code: Code })
  .meta({ id: "SecondFactorProof" });
export type SecondFactorProof = z.infer<typeof SecondFactorProof>;

export const RecoveryCodes = z
  .object({ recovery_codes: z.array(z.string()).meta({ description: "Shown this once; each is good once." }) })
  .meta({ id: "RecoveryCodes" });
export type RecoveryCodes = z.infer<typeof RecoveryCodes>;

export const UserInput = z
  .strictObject({
    email: Email,
    name: Name.optional(),
    password: NewPassword,
    role: Name.default("viewer").meta({
      description:
        "A role in the organization of the credential, which must not allow more than the credential; `viewer` if absent.",
    }),
  })
  .meta({ id: "UserInput" });
export type UserInput = z.infer<typeof UserInput>;

export const User = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string().nullable(),
    organization_id: z.string(),
    role: z.string(),
    created_at: z.string(),
  })
  .meta({ id: "User" });
export type User = z.infer<typeof User>;

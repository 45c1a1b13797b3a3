import { z } from "zod";
import { Email } from "./auth.ts";
import { channelKinds } from "./channel-kinds.ts";
import { freeText, limits, Name } from "./fields.ts";
import { SigningSecret, WebhookDelivery, WebhookDeliveryQuery, WebhookUrl } from "./webhooks.ts";

const Description = freeText(2_000);
const To = z
  .array(Email)
  .min(1, "must name a recipient")
  .max(limits.channelRecipients, `must have at most ${limits.channelRecipients} recipients`)
  .meta({ description: "Who gets it; each recipient that a mail server puts off is tried again alone." });
const secretText = (lengthMax: number) =>
  z
    .string()
    .min(1, "must not be empty")
    .max(lengthMax, `must be at most ${lengthMax} characters`)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "must not contain control characters");

export const smtpTlsModes = ["starttls", "tls", "none"] as const;

const Smtp = z
  .strictObject({
    host: z
      .string()
      .regex(/^[A-Za-z0-9._:-]{1,253}$/, "must be a host name or an IP address")
      .meta({ examples: ["smtp.example.com"] }),
    port: z.number().int().min(1).max(65_535).optional().meta({ description: "587 if absent, 465 with `tls`." }),
    tls: z
      .enum(smtpTlsModes)
      .optional()
      .meta({ description: "`starttls` if absent, and never without; `none` only without a password." }),
    user: secretText(256).optional(),
    password: secretText(1_024).optional(),
    from: Email,
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    message: "must be given together with `user`",
    path: ["password"],
  })
  .refine(({ tls, password }) => tls !== "none" || password === undefined, {
    message: "must not be sent without TLS",
    path: ["password"],
  })
  .meta({ id: "ChannelSmtp", description: "A mail server of your own; the server's (`SMTP_*`) if absent." });
export type SmtpInput = z.output<typeof Smtp>;

const RoutingKey = secretText(256).meta({ description: "The integration key of an Events API v2 integration." });
const Paused = z.boolean().meta({ description: "While a channel is paused its alerts wait, thirty days at most." });
const shared = { name: Name, description: Description.optional(), paused: Paused.optional() };

export const ChannelInput = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("email"), ...shared, to: To, smtp: Smtp.optional() }),
    z.strictObject({ kind: z.literal("slack"), ...shared, url: WebhookUrl }),
    z.strictObject({ kind: z.literal("teams"), ...shared, url: WebhookUrl }),
    z.strictObject({
      kind: z.literal("pagerduty"),
      ...shared,
      routing_key: RoutingKey,
      url: WebhookUrl.optional().meta({ description: "`https://events.pagerduty.com/v2/enqueue` if absent." }),
    }),
    z.strictObject({ kind: z.literal("webhook"), ...shared, url: WebhookUrl, secret: SigningSecret.optional() }),
  ])
  .meta({
    id: "ChannelInput",
    description:
      "Always `kind` and `name`; of `email` also `to`, of `slack`, `teams` and `webhook` `url`, of `pagerduty` `routing_key`.",
  });
export type ChannelInput = z.output<typeof ChannelInput>;

export const ChannelUpdate = z
  .strictObject({
    name: Name.optional(),
    description: Description.optional(),
    paused: Paused.optional(),
    to: To.optional(),
    smtp: Smtp.nullable().optional(),
    url: WebhookUrl.optional(),
    routing_key: RoutingKey.optional(),
    secret: SigningSecret.optional(),
  })
  .refine((update) => Object.values(update).some((value) => value !== undefined), "must change something")
  .meta({
    id: "ChannelUpdate",
    description: "Fields of the channel's kind. `smtp` is replaced whole, and a `url` of PagerDuty with its key.",
  });
export type ChannelUpdate = z.output<typeof ChannelUpdate>;

export const Channel = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    name: z.string(),
    kind: z.enum(channelKinds),
    description: z.string(),
    address: z.string().nullable().meta({
      description: "Where it goes, as far as it is no secret: of Slack and Teams the host. Null of e-mail.",
    }),
    to: z.array(z.string()).nullable(),
    smtp: z
      .object({
        host: z.string(),
        port: z.number().int(),
        tls: z.enum(smtpTlsModes),
        user: z.string().nullable(),
        from: z.string(),
      })
      .nullable()
      .meta({ description: "Null where the server's own mail server is used." }),
    status: z.enum(["active", "paused"]),
    failing_since: z.string().nullable().meta({ description: "The first failure since something was delivered." }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: "Channel" });
export type Channel = z.infer<typeof Channel>;

export const ChannelCreated = Channel.extend({
  secret: z.string().optional().meta({ description: "Of a webhook: what signs its messages, shown this once." }),
}).meta({ id: "ChannelCreated" });
export type ChannelCreated = z.infer<typeof ChannelCreated>;

export const ChannelDelivery = WebhookDelivery.omit({ webhook_id: true })
  .extend({ channel_id: z.string() })
  .meta({ id: "ChannelDelivery" });
export type ChannelDelivery = z.infer<typeof ChannelDelivery>;

export const ChannelDeliveryQuery = WebhookDeliveryQuery;

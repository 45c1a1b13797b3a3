import type { ChannelInput, ChannelKind, ChannelUpdate, SmtpInput } from "@llm-cost-ops/contract";
import type { AddressGuard } from "../webhooks/address-guard.ts";
import { secretProblem } from "../webhooks/signatures.ts";

/** A mail server as a channel names it; its password is the channel's secret. */
export interface MailTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: "starttls" | "tls" | "none";
  readonly user: string | null;
  readonly from: string;
}

/**
 * Where a channel goes, as far as it may be shown; JSON in the database. What lets one in is its one secret: of e-mail the
 * password of the mail server, of Slack and Teams the address, of PagerDuty the routing key, of a webhook what signs.
 */
export interface ChannelTarget {
  /** The address; of Slack and Teams its host alone. */
  readonly address?: string;
  readonly to?: readonly string[];
  /** Null where the server's own mail server sends it. */
  readonly smtp?: MailTarget | null;
}

export const pagerDutyAddress = "https://events.pagerduty.com/v2/enqueue";

const mailTarget = ({ host, port, tls = "starttls", user, from }: SmtpInput): MailTarget => ({
  host,
  port: port ?? (tls === "tls" ? 465 : 587),
  tls,
  user: user ?? null,
  from,
});

/** What is kept of a channel's settings: of a new one all, of a change what it names. */
export interface KeptSettings {
  readonly target: ChannelTarget;
  /** Text; undefined where it stays as it is. */
  readonly secret: string | undefined;
}

/** The settings of a new channel; a webhook's secret is made where none was brought. */
export function settingsOf(input: ChannelInput, makeSecret: () => string): KeptSettings & { readonly secret: string } {
  switch (input.kind) {
    case "email": {
      const { to, smtp } = input;
      const target = { to: [...new Set(to)], smtp: smtp === undefined ? null : mailTarget(smtp) };
      return { target, secret: smtp?.password ?? "" };
    }
    case "slack":
    case "teams":
      return { target: { address: new URL(input.url).host }, secret: input.url };
    case "pagerduty":
      return { target: { address: input.url ?? pagerDutyAddress }, secret: input.routing_key };
    case "webhook":
      return { target: { address: input.url }, secret: input.secret ?? makeSecret() };
    default:
      return input satisfies never;
  }
}

/** The settings that a change names. */
export function changedSettings(kind: ChannelKind, update: ChannelUpdate): KeptSettings {
  const { to, smtp, url, routing_key: routingKey, secret } = update;
  switch (kind) {
    case "email":
      return {
        target: {
          ...(to === undefined ? {} : { to: [...new Set(to)] }),
          ...(smtp === undefined ? {} : { smtp: smtp === null ? null : mailTarget(smtp) }),
        },
        secret: smtp === undefined ? undefined : (smtp?.password ?? ""),
      };
    case "slack":
    case "teams":
      return { target: url === undefined ? {} : { address: new URL(url).host }, secret: url };
    case "pagerduty":
      return { target: url === undefined ? {} : { address: url }, secret: routingKey };
    case "webhook":
      return { target: url === undefined ? {} : { address: url }, secret };
    default:
      return kind satisfies never;
  }
}

type SettingField = "to" | "smtp" | "url" | "routing_key" | "secret";
const settingFields: readonly SettingField[] = ["to", "smtp", "url", "routing_key", "secret"];
const fieldsOfKind: Readonly<Record<ChannelKind, ReadonlySet<SettingField>>> = {
  email: new Set(["to", "smtp"]),
  slack: new Set(["url"]),
  teams: new Set(["url"]),
  pagerduty: new Set(["url", "routing_key"]),
  webhook: new Set(["url", "secret"]),
};

/** Settings as they came, of a new channel or of a change. */
type Given = { readonly [Field in SettingField]?: unknown } & Pick<ChannelUpdate, "url" | "secret" | "smtp">;

/** What is wrong with settings, as the end of a sentence by field. Addresses are looked at as what they are now. */
export function settingsProblems(
  kind: ChannelKind,
  given: Given,
  { guard, hasMailServer }: { readonly guard: AddressGuard; readonly hasMailServer: boolean },
): Readonly<Record<string, string>> {
  const own = fieldsOfKind[kind];
  const problems: Record<string, string | undefined> = {};
  for (const field of settingFields) {
    if (given[field] !== undefined && !own.has(field)) problems[field] = `is not of a channel of kind ${kind}`;
  }
  if (own.has("url") && given.url !== undefined) problems["url"] = guard.urlProblem(given.url);
  if (own.has("secret") && given.secret !== undefined) problems["secret"] = secretProblem(given.secret);
  if (kind === "email" && given.smtp) problems["smtp.host"] = guard.hostProblem(given.smtp.host);
  if (kind === "email" && given.smtp === null && !hasMailServer) problems["smtp"] = noMailServer;
  // A key that was given for one address is not sent to another one that somebody else puts in its place.
  if (kind === "pagerduty" && given.url !== undefined && given.routing_key === undefined) {
    problems["routing_key"] = "must be given with the address that it is sent to";
  }
  return Object.fromEntries(
    Object.entries(problems).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** What is wrong with an e-mail channel without a mail server where the server has none either. */
export const noMailServer = "must name a mail server: this server has none of its own (SMTP_HOST)";

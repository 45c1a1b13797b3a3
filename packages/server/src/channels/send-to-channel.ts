import { createHash } from "node:crypto";
import { sendRequest } from "../webhooks/send-request.ts";
import type { SendToChannel } from "../webhooks/sender.ts";
import { signatureHeaders } from "../webhooks/signatures.ts";
import type { AlertNotice } from "./alert-notice.ts";
import type { ChannelTarget } from "./channel-target.ts";
import { mailText, pagerDutyEvent, slackMessage, teamsMessage } from "./messages.ts";
import { type MailServer, sendMail } from "./send-mail.ts";

export interface ChannelSenderParts {
  /** UTC milliseconds. */
  readonly clock: () => number;
  readonly userAgent: string;
  /** Sends e-mail of channels that name no mail server. */
  readonly mailServer: MailServer | undefined;
  /** From the look-up of a mail server's host to its last answer; less than a delivery is leased for. */
  readonly mailTimeoutMs?: number;
  /** Authorities in PEM that mail servers' certificates may come from besides the public ones. */
  readonly mailAuthorities?: string | undefined;
}

const defaultMailTimeoutMs = 30_000;

/** Sends steps of alerts in the words of each kind of channel. */
export function createChannelSender({
  clock,
  userAgent,
  mailServer,
  mailTimeoutMs = defaultMailTimeoutMs,
  mailAuthorities,
}: ChannelSenderParts): SendToChannel {
  return async ({ organizationId, eventId, body, createdAtMs, deliveredTo }, { kind, target, secret }, limits) => {
    const { address = "", to = [], smtp = null } = JSON.parse(target) as ChannelTarget;
    const { data: alert } = JSON.parse(body) as { readonly data: AlertNotice };
    const post = (url: string, message: string, headers: Readonly<Record<string, string>> = {}) => {
      const common = { "content-type": "application/json", "user-agent": userAgent };
      return sendRequest({ url, headers: { ...common, ...headers }, body: message }, limits);
    };
    switch (kind) {
      case "slack":
        return post(secret, JSON.stringify(slackMessage(alert)));
      case "teams":
        return post(secret, JSON.stringify(teamsMessage(alert)));
      case "pagerduty":
        return post(address, JSON.stringify(pagerDutyEvent(alert, secret, `llm-cost-ops/${organizationId}`)));
      case "webhook":
        return post(address, body, signatureHeaders({ id: eventId, atMs: clock(), body }, [secret]));
      case "email": {
        const own = smtp && { ...smtp, user: smtp.user ?? undefined, password: secret === "" ? undefined : secret };
        const server = own ?? mailServer;
        if (server === undefined) {
          return { kind: "unanswered", error: "there is no mail server: set SMTP_HOST, or `smtp`", durationMs: 0 };
        }
        const host = server.from.slice(server.from.lastIndexOf("@") + 1);
        const thread = createHash("sha256").update(`${organizationId} ${alert.dedup_key}`).digest("hex").slice(0, 32);
        const mail = {
          ...mailText(alert),
          messageId: `${eventId}@${host}`,
          threadId: `alert.${thread}@${host}`,
          to,
          atMs: createdAtMs,
        };
        return sendMail(mail, deliveredTo, server, {
          guard: own === null ? undefined : limits.guard,
          timeoutMs: mailTimeoutMs,
          signal: limits.signal,
          ca: mailAuthorities,
        });
      }
      default:
        return kind satisfies never;
    }
  };
}

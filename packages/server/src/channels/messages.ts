import { createHash } from "node:crypto";
import type { AlertNotice } from "./alert-notice.ts";
import { cutText, type NoticeText, noticeText } from "./notice-text.ts";

/** Text within Slack's markup, in which these three characters alone begin links and mentions. */
const slackText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

// A field of a section holds 2,000 characters and a section's text 3,000, with what escaping adds.
const slackField = (text: string, lengthMax: number): string => {
  const escaped = slackText(text);
  if (escaped.length <= lengthMax) return escaped;
  return slackField(cutText(text, Math.floor(text.length / 2)), lengthMax);
};
const slackMarkup = (text: string) => ({ type: "mrkdwn", text, verbatim: true });

/** What a Slack incoming webhook takes: Block Kit, with the headline as the text of notifications. */
export function slackMessage(alert: AlertNotice): unknown {
  const { headline, text, details, footer, url }: NoticeText = noticeText(alert);
  return {
    text: slackText(headline),
    unfurl_links: false,
    blocks: [
      { type: "section", text: slackMarkup(`*${slackText(headline)}*`) },
      ...(text === "" ? [] : [{ type: "section", text: slackMarkup(slackField(text, 3_000)) }]),
      ...(details.length === 0
        ? []
        : [
            {
              type: "section",
              fields: details.map(({ label, value }) =>
                slackMarkup(`*${slackField(label, 600)}*\n${slackField(value, 1_390)}`),
              ),
            },
          ]),
      ...(url === undefined ? [] : [{ type: "section", text: slackMarkup(`<${slackText(url)}|More>`) }]),
      { type: "context", elements: [slackMarkup(slackText(footer))] },
    ],
  };
}

const teamsColours = { info: "Accent", warning: "Warning", critical: "Attention" } as const;

/**
 * What a Teams workflow takes when it receives a webhook: a message with one Adaptive Card. Runs of text are shown as they are,
 * where a text block would read Markdown, and so links, out of somebody's words.
 */
export function teamsMessage(alert: AlertNotice): unknown {
  const { headline, text, details, footer, url } = noticeText(alert);
  const lines = (...runs: readonly object[]) => ({ type: "RichTextBlock", inlines: runs });
  const run = (shown: string, style: object = {}) => ({ type: "TextRun", text: shown, ...style });
  const color = alert.phase === "resolved" ? "Good" : teamsColours[alert.severity];
  return {
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        contentUrl: null,
        content: {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          msteams: { width: "Full" },
          body: [
            lines(run(headline, { size: "Medium", weight: "Bolder", color })),
            ...(text === "" ? [] : [lines(run(text))]),
            ...details.map(({ label, value }) => lines(run(`${label}: `, { weight: "Bolder" }), run(value))),
            lines(run(footer, { size: "Small", isSubtle: true })),
          ],
          ...(url === undefined ? {} : { actions: [{ type: "Action.OpenUrl", title: "More", url }] }),
        },
      },
    ],
  };
}

const pagerDutyActions = {
  triggered: "trigger",
  reminded: "trigger",
  escalated: "trigger",
  acknowledged: "acknowledge",
  resolved: "resolve",
} as const;

/** The longest key that PagerDuty takes. */
const dedupKeyLengthMax = 255;

/**
 * An event of PagerDuty's Events API v2. All steps of an alert have one key, so that a reminder adds to its incident and its end
 * closes it. Severities have the same names there.
 */
export function pagerDutyEvent(alert: AlertNotice, routingKey: string, source: string): unknown {
  const { headline, text, details, url } = noticeText(alert);
  const { dedup_key: key } = alert;
  const common = {
    routing_key: routingKey,
    event_action: pagerDutyActions[alert.phase],
    dedup_key: key.length <= dedupKeyLengthMax ? key : createHash("sha256").update(key).digest("hex"),
  };
  if (common.event_action !== "trigger") return common;
  return {
    ...common,
    client: "LLM Cost Ops",
    ...(url === undefined ? {} : { client_url: url, links: [{ href: url, text: "More" }] }),
    payload: {
      summary: headline,
      source,
      severity: alert.severity,
      timestamp: alert.occurred_at,
      class: alert.kind,
      custom_details: {
        ...Object.fromEntries(details.map(({ label, value }) => [label, value])),
        ...(text === "" ? {} : { text }),
      },
    },
  };
}

/** A message as a mail server takes it, without its recipients. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
}

export function mailText(alert: AlertNotice): MailText {
  const { headline, text, details, footer, url } = noticeText(alert);
  const paragraphs = [
    text,
    details.map(({ label, value }) => `${label}: ${value}`).join("\n"),
    url ?? "",
    footer,
  ].filter((paragraph) => paragraph !== "");
  const mark = alert.severity === "info" ? "" : `[${alert.severity}] `;
  return { subject: `${mark}${headline}`, text: `${paragraphs.join("\n\n")}\n` };
}

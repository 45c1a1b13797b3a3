import { describe, expect, test } from "vitest";
import type { AlertNotice, AlertPhase } from "./alert-notice.ts";
import { mailText, pagerDutyEvent, slackMessage, teamsMessage } from "./messages.ts";
import { cutText } from "./notice-text.ts";

const alert: AlertNotice = {
  alert_id: "alert_1",
  kind: "budget",
  phase: "triggered",
  severity: "warning",
  title: "production <b> & co has reached 90 %",
  text: "452.10 USD of 500 USD are spent.",
  details: [
    { label: "Spent", value: "452.10 USD" },
    { label: "Period", value: "2026-11-01 to 2026-12-01" },
  ],
  url: "https://costs.example.com/budgets/1?a=1&b=2",
  occurred_at: "2026-11-21T12:00:00.000Z",
  dedup_key: "budget_1:2026-11:90",
};
const headline = "Alert: production <b> & co has reached 90 %";
const footer = "warning · 2026-11-21T12:00:00.000Z · LLM Cost Ops";
const long: AlertNotice = {
  ...alert,
  title: `&\n${"😀".repeat(500)}`,
  text: "<&>".repeat(5_000),
  details: new Array(50).fill({ label: "&".repeat(5_000), value: "😀".repeat(5_000) }),
};
const phases: readonly AlertPhase[] = ["triggered", "reminded", "escalated", "acknowledged", "resolved"];

describe("Slack", () => {
  test("gets blocks, with nothing in them that its markup would read", () => {
    const escaped = "Alert: production &lt;b&gt; &amp; co has reached 90 %";
    const markup = (text: string) => ({ type: "mrkdwn", text, verbatim: true });
    expect(slackMessage(alert)).toEqual({
      text: escaped,
      unfurl_links: false,
      blocks: [
        { type: "section", text: markup(`*${escaped}*`) },
        { type: "section", text: markup(alert.text) },
        { type: "section", fields: [markup("*Spent*\n452.10 USD"), markup("*Period*\n2026-11-01 to 2026-12-01")] },
        { type: "section", text: markup("<https://costs.example.com/budgets/1?a=1&amp;b=2|More>") },
        { type: "context", elements: [markup(footer)] },
      ],
    });
  });

  test("gets no more than it takes: 3,000 characters of a text, ten fields of 2,000", () => {
    const { blocks } = slackMessage(long) as {
      readonly blocks: readonly {
        readonly text?: { readonly text: string };
        readonly fields?: readonly { text: string }[];
      }[];
    };
    const fields = blocks.flatMap((block) => block.fields ?? []);
    expect(fields).toHaveLength(10);
    expect(fields.every(({ text }) => text.length <= 2_000)).toBe(true);
    expect(blocks.every(({ text }) => (text?.text.length ?? 0) <= 3_000)).toBe(true);
  });
});

describe("Teams", () => {
  const run = (text: string, style: object = {}) => ({ type: "TextRun", text, ...style });
  const block = (...inlines: readonly object[]) => ({ type: "RichTextBlock", inlines });

  test("gets a message with one card, whose texts are shown as they are", () => {
    expect(teamsMessage(alert)).toMatchObject({
      type: "message",
      attachments: [
        {
          contentType: "application/vnd.microsoft.card.adaptive",
          content: {
            type: "AdaptiveCard",
            version: "1.4",
            body: [
              block(run(headline, { weight: "Bolder", color: "Warning" })),
              block(run(alert.text)),
              block(run("Spent: ", { weight: "Bolder" }), run("452.10 USD")),
              block(run("Period: ", { weight: "Bolder" }), run("2026-11-01 to 2026-12-01")),
              block(run(footer)),
            ],
            actions: [{ type: "Action.OpenUrl", title: "More", url: alert.url }],
          },
        },
      ],
    });
    expect(JSON.stringify(teamsMessage({ ...alert, phase: "resolved" }))).toContain('"color":"Good"');
  });

  test("gets less than the 28 KB that it takes", () => {
    expect(Buffer.byteLength(JSON.stringify(teamsMessage(long)))).toBeLessThan(28_000);
  });
});

describe("PagerDuty", () => {
  test("gets an event that triggers", () => {
    expect(pagerDutyEvent(alert, "routing", "llm-cost-ops/acme")).toEqual({
      routing_key: "routing",
      event_action: "trigger",
      dedup_key: alert.dedup_key,
      client: "LLM Cost Ops",
      client_url: alert.url,
      links: [{ href: alert.url, text: "More" }],
      payload: {
        summary: headline,
        source: "llm-cost-ops/acme",
        severity: "warning",
        timestamp: alert.occurred_at,
        class: "budget",
        custom_details: { Spent: "452.10 USD", Period: "2026-11-01 to 2026-12-01", text: alert.text },
      },
    });
  });

  test("gets one key and the action of each step, with a key that is not too long", () => {
    const events = phases.map((phase) => pagerDutyEvent({ ...alert, phase }, "r", "s") as Record<string, unknown>);
    expect(events.map(({ event_action: action }) => action)).toEqual([
      ...["trigger", "trigger", "trigger", "acknowledge", "resolve"],
    ]);
    expect(new Set(events.map(({ dedup_key: key }) => key))).toEqual(new Set([alert.dedup_key]));
    const key = (dedupKey: string) =>
      (pagerDutyEvent({ ...alert, dedup_key: dedupKey }, "r", "s") as { readonly dedup_key: string }).dedup_key;
    expect(key("a".repeat(255))).toBe("a".repeat(255));
    expect(key("a".repeat(256))).toMatch(/^[0-9a-f]{64}$/);
    expect(key("a".repeat(256))).not.toBe(key(`${"a".repeat(255)}b`));
  });
});

test("e-mail has a subject of one line and its text in paragraphs", () => {
  expect(mailText({ ...alert, title: "one\r\nBcc: two@example.com" })).toEqual({
    subject: "[warning] Alert: one Bcc: two@example.com",
    text: `${alert.text}\n\nSpent: 452.10 USD\nPeriod: 2026-11-01 to 2026-12-01\n\n${alert.url}\n\n${footer}\n`,
  });
});

test("a link that is none, or leads a program elsewhere, is left out", () => {
  for (const url of ["javascript:alert(1)", "nowhere", "https://", "file:///etc/passwd"]) {
    const said = [slackMessage, teamsMessage, mailText].map((message) => JSON.stringify(message({ ...alert, url })));
    expect(said.filter((text) => text.includes(url))).toEqual([]);
  }
});

test("text is cut between characters", () => {
  expect([cutText("abc", 3), cutText("abcd", 3), cutText("a😀b", 3)]).toEqual(["abc", "ab…", "a…"]);
});

import type { AlertNotice, AlertPhase } from "./alert-notice.ts";

/** How each step is told in one word before the title. */
const phaseWords: Readonly<Record<AlertPhase, string>> = {
  triggered: "Alert",
  reminded: "Still",
  escalated: "Escalated",
  acknowledged: "Acknowledged",
  resolved: "Resolved",
};

/** Cuts text to a number of UTF-16 units, never within a character, and shows by an ellipsis that it did. */
export function cutText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const cut = text.slice(0, lengthMax - 1);
  // Half of a character outside of the basic plane would stand alone at the end.
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

const headlineMax = 200;
/** Of a title of at most so many characters a headline cuts nothing away, whatever step it tells of. */
export const titleLengthMax =
  headlineMax - Math.max(...Object.values(phaseWords).map(({ length }) => length)) - ": ".length;

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** An alert's step as every kind of channel tells it, within what the narrowest of them takes (Teams: 28 KB in all). */
export interface NoticeText {
  /** `Alert: …`, `Resolved: …`; one line of at most 200 characters. */
  readonly headline: string;
  /** At most 2,000 characters. */
  readonly text: string;
  /** At most ten, of at most 100 and 400 characters. */
  readonly details: readonly { readonly label: string; readonly value: string }[];
  /** Severity and time, in one line. */
  readonly footer: string;
  readonly url: string | undefined;
}

export function noticeText({ kind, phase, severity, title, text, details, occurred_at, url }: AlertNotice): NoticeText {
  const word = kind === "test" ? "Test" : phaseWords[phase];
  return {
    headline: cutText(oneLine(`${word}: ${title}`), headlineMax),
    text: cutText(text.trim(), 2_000),
    details: details
      .slice(0, 10)
      .map(({ label, value }) => ({ label: cutText(oneLine(label), 100), value: cutText(oneLine(value), 400) })),
    footer: `${severity} · ${occurred_at} · LLM Cost Ops`,
    url: url !== undefined && /^https?:\/\//.test(url) && URL.canParse(url) ? url : undefined,
  };
}

/** The steps of an alert that channels are told of. */
export const alertPhases = ["triggered", "reminded", "escalated", "acknowledged", "resolved"] as const;
export type AlertPhase = (typeof alertPhases)[number];

/** What channels say of one step of an alert, as it lies in the outbox and as a webhook gets it. Text is plain text. */
export interface AlertNotice {
  readonly alert_id: string;
  /** What kind of thing it is about: `budget`, `metric`, or `test`. */
  readonly kind: string;
  readonly phase: AlertPhase;
  readonly severity: "info" | "warning" | "critical";
  /** One line. */
  readonly title: string;
  readonly text: string;
  /** Shown one below the other, in this order. */
  readonly details: readonly { readonly label: string; readonly value: string }[];
  /** Where more is to be seen. */
  readonly url?: string;
  /** ISO 8601 in UTC. */
  readonly occurred_at: string;
  /** The same for all steps of one alert: they reach a channel in their order, and are one incident in PagerDuty. */
  readonly dedup_key: string;
}

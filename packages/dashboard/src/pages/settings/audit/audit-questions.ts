import type { AuditFilters } from "@llm-cost-ops/sdk";
import { textField } from "../../../url-state/fields.ts";
import type { Period } from "../../../url-state/period.ts";
import { type PeriodChoice, periodField } from "../../../url-state/period.ts";

/** What the trail is asked for, as it stands in the address. */
export interface AuditState {
  readonly period: PeriodChoice;
  readonly action: string;
  readonly type: string;
  readonly resource: string;
  /** The id or the e-mail address of a user. */
  readonly user: string;
  readonly key: string;
  /** The entry that is looked at, by its number. */
  readonly entry: string;
}

export const auditFields = {
  period: periodField("30d"),
  action: textField(),
  type: textField(),
  resource: textField(),
  user: textField(),
  key: textField(),
  entry: textField(),
};

/** Without anything but the period. */
export const noFilters = { action: "", type: "", resource: "", user: "", key: "" } as const;

export function auditQuestion(state: AuditState, period: Period): AuditFilters {
  const { startDate, endDate, timezone } = period;
  const { action, type, resource, user, key } = state;
  return {
    startDate,
    endDate,
    timezone,
    ...(action === "" ? {} : { action }),
    ...(type === "" ? {} : { resourceType: type }),
    ...(resource === "" ? {} : { resourceId: resource }),
    ...(user === "" ? {} : { userId: user }),
    ...(key === "" ? {} : { keyId: key }),
  };
}

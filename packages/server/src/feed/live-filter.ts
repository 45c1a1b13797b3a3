import type { CostRecord, LiveQuery, LiveSubject, Permission } from "@llm-cost-ops/contract";
import { filterDimensions, type RecordFilter, readRecordFilter } from "../costs/cost-filter.ts";
import { holdsTag } from "../costs/tag-term.ts";
import type { Caller } from "../http/route.ts";
import { commonScope, type RecordScope } from "../identity/record-scope.ts";
import { Refusal } from "../refusal.ts";

/** Which records of each subject a stream shows, and alerts all; a subject that is absent is not shown. */
export type Shown = Readonly<Partial<Record<LiveSubject, RecordFilter>>>;

const needed: Readonly<Record<LiveSubject, readonly Permission[]>> = {
  usage: ["costs:read", "usage:read"],
  costs: ["costs:read"],
  alerts: ["costs:read", "alerts:read"],
};

/**
 * What a caller sees of what was asked for. Refuses with AUTH_002 what is asked for by name and not allowed; without names
 * it is all that is allowed.
 */
export function readShown(caller: Caller, { events, last_event_id: _, ...filter }: LiveQuery): Shown {
  const { organization_id: _organization, ...ofRecords } = filter;
  const isFiltered = Object.values(ofRecords).some((value) => value !== undefined);
  const asked: readonly LiveSubject[] = events ?? (isFiltered ? ["usage", "costs"] : ["usage", "costs", "alerts"]);
  const shown: Partial<Record<LiveSubject, RecordFilter>> = {};
  for (const subject of asked) {
    const missing = needed[subject].filter((permission) => !caller.permissions.has(permission));
    // Alerts are the organization's: nobody who may see a part of it sees a part of them.
    if (subject === "alerts" && caller.scopes?.has("alerts:read") === true) continue;
    if (missing.length === 0) {
      shown[subject] = readRecordFilter({ ...caller, ...partOf(caller, needed[subject]) }, filter);
    } else if (events !== undefined || subject === "costs") {
      throw new Refusal(
        "AUTH_002",
        `This needs the permission ${missing.join(" and ")}, which the credential does not have.`,
      );
    }
  }
  return shown;
}

/** The part of the records for which all the permissions hold. */
function partOf({ scopes }: Caller, permissions: readonly Permission[]): { readonly records?: RecordScope } {
  const records = permissions.reduce<RecordScope | undefined>(
    (part, permission) => commonScope(part, scopes?.get(permission)),
    undefined,
  );
  return records === undefined ? {} : { records };
}

/** Whether a record is one that the filter lets through. */
export function matches(filter: RecordFilter, record: CostRecord): boolean {
  const { dimensions, models, tags, userIds } = filter;
  return (
    filterDimensions.every((name) => isOneOf(dimensions[name], record[name])) &&
    (isOneOf(models, record.model) || isOneOf(models, record.resolved_model)) &&
    isOneOf(userIds, record.user_id) &&
    tags.every((candidates) => holdsTag(record.tags, candidates))
  );
}

const isOneOf = (names: readonly string[] | undefined, value: string | null): boolean =>
  names === undefined || (value !== null && names.includes(value));

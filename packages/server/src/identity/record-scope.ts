/** A part of an organization's records. What is named must hold; an empty list is no record at all. */
export interface RecordScope {
  /** Records of these projects. */
  readonly projects?: readonly string[];
  /** Records whose `user_id` is one of these: a user's id and e-mail. */
  readonly userIds?: readonly string[];
}

const isWithin = (inner: readonly string[] | undefined, outer: readonly string[] | undefined): boolean =>
  outer === undefined || (inner?.every((one) => outer.includes(one)) ?? false);

/** Whether every record of `inner` (undefined: every record) is one of `outer` as well. */
export const isScopeWithin = (inner: RecordScope | undefined, outer: RecordScope | undefined): boolean =>
  outer === undefined || (isWithin(inner?.projects, outer.projects) && isWithin(inner?.userIds, outer.userIds));

const inBoth = (
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
): readonly string[] | undefined =>
  one === undefined || other === undefined ? (one ?? other) : one.filter((name) => other.includes(name));

/** The records that are in both parts; undefined: every record. */
export function commonScope(one: RecordScope | undefined, other: RecordScope | undefined): RecordScope | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const projects = inBoth(one.projects, other.projects);
  const userIds = inBoth(one.userIds, other.userIds);
  return { ...(projects === undefined ? {} : { projects }), ...(userIds === undefined ? {} : { userIds }) };
}

const holds = (named: readonly string[] | undefined, value: string | null): boolean =>
  named === undefined || (value !== null && named.includes(value));

/** Whether a record is one of the part. */
export const isRecordWithin = (
  record: { readonly project_id: string | null; readonly user_id: string | null },
  within: RecordScope | undefined,
): boolean => holds(within?.projects, record.project_id) && holds(within?.userIds, record.user_id);

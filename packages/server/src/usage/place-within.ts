import type { RecordScope } from "../identity/record-scope.ts";
import { RejectedRecord } from "./rejected-record.ts";
import type { UsageDraft } from "./usage-draft.ts";

const refused = (field: string, text: string): RejectedRecord =>
  new RejectedRecord("AUTH_002", `${field} ${text}`, { [field]: text });

/**
 * Gives a draft what the credential's part of the records decides: its project where there is one alone, and its user.
 * Refused with AUTH_002: a record that names another project or user, and one that names none of several projects.
 */
export function placeWithin(draft: UsageDraft, { projects, userIds }: RecordScope): RejectedRecord | undefined {
  if (projects !== undefined) {
    if (draft.projectId === null) {
      const [only, ...others] = projects;
      if (only === undefined || others.length > 0) {
        return refused("project_id", "is needed: it says which of the credential's projects the record belongs to");
      }
      draft.projectId = only;
    }
    if (!projects.includes(draft.projectId)) {
      return refused("project_id", "names another project than the credential's");
    }
  }
  if (userIds !== undefined) {
    draft.userId ??= userIds[0] ?? null;
    if (draft.userId === null || !userIds.includes(draft.userId)) {
      return refused("user_id", "names another user than the credential's");
    }
  }
  return undefined;
}

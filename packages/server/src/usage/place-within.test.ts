import { expect, test } from "vitest";
import { placeWithin } from "./place-within.ts";
import { UsageDraft } from "./usage-draft.ts";

const draftOf = (projectId: string | null, userId: string | null): UsageDraft =>
  Object.assign(new UsageDraft(), { projectId, userId });

test.each([
  ["the only project where none is named", { projects: ["a"] }, [null, null], ["a", null]],
  ["the project that is named", { projects: ["a", "b"] }, ["b", "u"], ["b", "u"]],
  ["the user's id where none is named", { userIds: ["usr_1", "me@x.org"] }, [null, null], [null, "usr_1"]],
  ["the user's e-mail where that is named", { userIds: ["usr_1", "me@x.org"] }, ["p", "me@x.org"], ["p", "me@x.org"]],
] as const)("a draft gets %s", (_, within, [project, user], expected) => {
  const draft = draftOf(project, user);
  expect(placeWithin(draft, within)).toBeUndefined();
  expect([draft.projectId, draft.userId]).toEqual(expected);
});

test.each([
  ["another project", { projects: ["a"] }, ["b", null], "project_id"],
  ["no project where there are several", { projects: ["a", "b"] }, [null, null], "project_id"],
  ["no project where there is none", { projects: [] }, [null, null], "project_id"],
  ["another user", { userIds: ["usr_1"] }, [null, "usr_2"], "user_id"],
  ["any user where there is none", { userIds: [] }, [null, null], "user_id"],
] as const)("a draft that names %s is refused", (_, within, [project, user], field) => {
  expect(placeWithin(draftOf(project, user), within)).toMatchObject({
    code: "AUTH_002",
    fieldErrors: { [field]: expect.any(String) },
  });
});

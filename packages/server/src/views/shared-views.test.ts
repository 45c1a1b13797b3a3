import { limits } from "@llm-cost-ops/contract/limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processActor } from "../audit/actor.ts";
import { openTestedAt, type TestedStoreAt } from "../store/opened-fixture.ts";
import { type OfOrganization, storeWrite } from "../store/operation.ts";
import { createView, deleteView, updateView, type Viewer } from "./views.sql.ts";

let opened: TestedStoreAt;
beforeAll(async () => {
  opened = await openTestedAt(() => Date.UTC(2026, 10, 21));
}, 120_000);
afterAll(() => opened.close());

/** As many shared views as there may be but one, of people who have few each, in one transaction. */
const fill = storeWrite(
  "test.fill-views",
  async (connection, { organizationId }: OfOrganization): Promise<void> => {
    for (let at = 1; at < limits.sharedViews; at += 1) {
      await connection.run(
        `INSERT INTO views (organization_id, id, owner, made_by, page, name, state, shared, created_at, updated_at)
         VALUES (?, ?, ?, '', 'explore', ?, '', 1, 0, 0)`,
        organizationId,
        `filled_${organizationId}_${at}`,
        `user:u${at % 10}`,
        `filled ${at}`,
      );
    }
  },
  "is made by a test",
);

const viewerOf = (organizationId: string): Viewer => ({
  organizationId,
  who: "user:max",
  name: "max@example.com",
  seesShared: true,
  mayShare: true,
  mayManage: true,
});
const make = (organizationId: string, id: string, shared: boolean) =>
  opened.store.run(
    createView,
    { organizationId, viewer: viewerOf(organizationId), id, input: { name: id, page: "explore", state: "", shared } },
    processActor,
  );
const share = (organizationId: string, id: string) =>
  opened.store.run(
    updateView,
    { organizationId, viewer: viewerOf(organizationId), id, update: { shared: true } },
    processActor,
  );

test("an organization shares no more views than a bound, which neither one's own nor another's come nearer to", async () => {
  await opened.store.run(fill, { organizationId: "full" });
  await opened.store.run(fill, { organizationId: "other" });
  const own = await make("full", "own", false);
  expect((await make("full", "last", true)).shared).toBe(true);
  const refused = { code: "CONFLICT", message: `An organization has at most ${limits.sharedViews} shared views.` };
  await expect(make("full", "beyond", true)).rejects.toMatchObject(refused);
  await expect(share("full", own.id)).rejects.toMatchObject(refused);
  await make("full", "also own", false);
  expect((await make("other", "elsewhere", true)).shared).toBe(true);
  await opened.store.run(
    deleteView,
    { organizationId: "full", viewer: viewerOf("full"), id: "filled_full_1" },
    processActor,
  );
  expect((await share("full", own.id)).shared).toBe(true);
});

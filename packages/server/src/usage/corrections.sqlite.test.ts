import { afterEach, beforeEach, expect, it } from "vitest";
import { memoryStore } from "../../test/memory-store.ts";
import { correctionsOfRepricing } from "./corrections.sqlite.ts";

let db: ReturnType<typeof memoryStore>["store"]["db"];
beforeEach(() => {
  ({ db } = memoryStore(Date.now).store);
});
afterEach(() => db.close());

it("reads the corrections of a repricing from their index, in its order, without sorting", () => {
  const plan = db
    .prepare(`EXPLAIN QUERY PLAN ${correctionsOfRepricing}`)
    .all()
    .map(({ detail }) => String(detail));
  expect(plan[0]).toContain(
    "SEARCH c USING INDEX records_by_repricing (organization_id=? AND repricing_id=? AND id>?)",
  );
  expect(plan.join("\n")).not.toContain("TEMP B-TREE");
});

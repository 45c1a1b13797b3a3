import type { ImportReport } from "@llm-cost-ops/contract";
import { beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../store/operation.ts";
import { failInterruptedImports, importStore } from "./imports.sql.ts";

const now = Date.UTC(2026, 10, 21);

const report = (id: string, over: Partial<ImportReport> = {}): ImportReport => ({
  id,
  name: null,
  format: "jsonl",
  status: "completed",
  started_at: new Date(now - 2_000).toISOString(),
  finished_at: new Date(now - 1_000).toISOString(),
  read: 0,
  recorded: 0,
  duplicate: 0,
  unpriced: 0,
  rejected: 0,
  skipped: 0,
  bytes: 0,
  unpriced_models: [],
  rejections: [],
  ...over,
});

/** What the store of imports must do on every store. The store is empty and tells the given time. */
export function describeImports(name: string, open: (now: () => number) => Promise<Store>): void {
  describe(`the store of imports on ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open(() => now);
    });

    test("keeps the newest report of an import, for its organization alone", async () => {
      const imports = importStore(store);
      await imports.save("default", report("i1", { status: "running", finished_at: null }));
      await imports.save("default", report("i1", { recorded: 3 }));
      expect(await imports.get("default", "i1")).toEqual(report("i1", { recorded: 3 }));
      expect(await imports.get("default", "i2")).toBeUndefined();
      expect(await imports.get("other", "i1")).toBeUndefined();
      expect(await imports.list("other", { limit: 10 })).toEqual([]);
    });

    test("lists newest first, one more than the page", async () => {
      const imports = importStore(store);
      for (const id of ["i1", "i3", "i2"]) await imports.save("default", report(id));
      const ids = async (page: Parameters<typeof imports.list>[1]) =>
        (await imports.list("default", page)).map(({ id }) => id);
      expect(await ids({ limit: 1 })).toEqual(["i3", "i2"]);
      expect(await ids({ limit: 1, after: "i2" })).toEqual(["i1"]);
      expect(await ids({ limit: 1, skip: 1 })).toEqual(["i2", "i1"]);
    });

    test("shows whoever is limited to a part of the records what was imported within that part, and nothing else", async () => {
      const imports = importStore(store);
      const own = { userIds: ["u1", "u1@example.com"] };
      await imports.save("default", report("i1"));
      await imports.save("default", report("i2", { status: "running", finished_at: null }), own);
      await imports.save("default", report("i2"), own);
      await imports.save("default", report("i3"), { projects: ["a"] });
      expect((await imports.list("default", { limit: 9 }, own)).map(({ id }) => id)).toEqual(["i2"]);
      expect((await imports.list("default", { limit: 9 })).map(({ id }) => id)).toEqual(["i3", "i2", "i1"]);
      expect(await imports.get("default", "i1", own)).toBeUndefined();
      expect(await imports.get("default", "i3", own)).toBeUndefined();
      expect(await imports.get("default", "i2", own)).toEqual(report("i2"));
    });

    test("fails what a stopped process left running, and nothing else", async () => {
      const imports = importStore(store);
      await imports.save("default", report("i1", { status: "running", finished_at: null, recorded: 2 }));
      await imports.save("default", report("i2"));
      expect(await failInterruptedImports(store)).toBe(1);
      expect(await imports.get("default", "i1")).toEqual(
        report("i1", { status: "failed", finished_at: new Date(now).toISOString(), recorded: 2 }),
      );
      expect(await imports.get("default", "i2")).toEqual(report("i2"));
      expect(await failInterruptedImports(store)).toBe(0);
    });
  });
}

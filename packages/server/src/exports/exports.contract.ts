import { beforeEach, describe, expect, test } from "vitest";
import type { AnswerRow } from "../costs/cost-query.ts";
import type { Store } from "../store/operation.ts";
import type { ExportDescriptor, ExportMaker, ExportStore } from "./export-descriptor.ts";
import { exportStore } from "./exports.sql.ts";

const ours: ExportMaker = { organizationId: "default" };
const nowMs = Date.UTC(2026, 10, 21);

const descriptor = (id: string): ExportDescriptor => ({
  id,
  format: "csv",
  createdAtMs: nowMs,
  period: { fromMs: nowMs - 86_400_000, toMs: nowMs, zone: "UTC" },
  filter: { dimensions: {}, tags: [] },
  receivedBeforeMs: nowMs,
  fields: null,
  groupBy: ["provider"],
});

/** What the store of exports must do on every store. The store is empty. */
export function describeExports(name: string, open: () => Promise<Store>): void {
  describe(`the store of exports on ${name}`, () => {
    let exports: ExportStore;
    beforeEach(async () => {
      exports = exportStore(await open());
    });

    test("keeps a descriptor and its rows, for its organization alone", async () => {
      const rows = [{ provider: "openai", total_cost: "0.1" }, { provider: null }] as unknown as readonly AnswerRow[];
      await exports.insert(ours, descriptor("e1"), rows);
      await exports.insert(ours, descriptor("e2"), null);
      expect(await exports.find(ours, "e1")).toEqual(descriptor("e1"));
      expect(await exports.findRows("default", "e1")).toEqual(rows);
      expect(await exports.findRows("default", "e2")).toEqual([]);
      expect(await exports.find({ organizationId: "other" }, "e1")).toBeUndefined();
      expect(await exports.findRows("other", "e1")).toEqual([]);
    });

    test("lists newest first and tells whether there are more", async () => {
      for (const id of ["e1", "e3", "e2"]) await exports.insert(ours, descriptor(id), null);
      const page = async (limit: number, offset: number, beforeId?: string) => {
        const { items, hasMore } = await exports.list(ours, { limit, offset, beforeId });
        return { ids: items.map(({ id }) => id), hasMore };
      };
      expect(await page(2, 0)).toEqual({ ids: ["e3", "e2"], hasMore: true });
      expect(await page(2, 0, "e2")).toEqual({ ids: ["e1"], hasMore: false });
      expect(await page(2, 1)).toEqual({ ids: ["e2", "e1"], hasMore: false });
    });

    test("shows whoever is limited to a part of the records what was made within that part, and nothing else", async () => {
      const limitedTo = (...projects: string[]): ExportMaker => ({ ...ours, records: { projects } });
      await exports.insert(ours, descriptor("e1"), null);
      for (let at = 0; at < 12; at += 1) {
        await exports.insert(
          limitedTo(at % 2 === 0 ? "a" : "b"),
          descriptor(`e2-${String(at).padStart(2, "0")}`),
          null,
        );
      }
      await exports.insert(limitedTo("a", "c"), descriptor("e3"), null);
      const ids = async (by: ExportMaker, limit: number, offset = 0, beforeId?: string) => {
        const { items, hasMore } = await exports.list(by, { limit, offset, beforeId });
        return [...items.map(({ id }) => id), hasMore];
      };
      expect(await ids(limitedTo("a"), 3)).toEqual(["e2-10", "e2-08", "e2-06", true]);
      expect(await ids(limitedTo("a"), 3, 3)).toEqual(["e2-04", "e2-02", "e2-00", false]);
      expect(await ids(limitedTo("a"), 2, 0, "e2-04")).toEqual(["e2-02", "e2-00", false]);
      expect(await ids(limitedTo("c", "a"), 1)).toEqual(["e3", true]);
      expect(await ids({ ...ours, records: { userIds: ["u"] } }, 9)).toEqual([false]);
      expect((await ids(ours, 20)).length).toBe(15);
      expect(await exports.find(limitedTo("a"), "e1")).toBeUndefined();
      expect(await exports.find(limitedTo("a"), "e3")).toBeUndefined();
      expect(await exports.find(limitedTo("a"), "e2-00")).toEqual(descriptor("e2-00"));
    });
  });
}

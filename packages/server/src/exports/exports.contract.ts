import { beforeEach, describe, expect, test } from "vitest";
import type { AnswerRow } from "../costs/cost-query.ts";
import type { Store } from "../store/operation.ts";
import type { ExportDescriptor, ExportStore } from "./export-descriptor.ts";
import { exportStore } from "./exports.sql.ts";

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
      await exports.insert("default", descriptor("e1"), rows);
      await exports.insert("default", descriptor("e2"), null);
      expect(await exports.find("default", "e1")).toEqual(descriptor("e1"));
      expect(await exports.findRows("default", "e1")).toEqual(rows);
      expect(await exports.findRows("default", "e2")).toEqual([]);
      expect(await exports.find("other", "e1")).toBeUndefined();
      expect(await exports.findRows("other", "e1")).toEqual([]);
    });

    test("lists newest first and tells whether there are more", async () => {
      for (const id of ["e1", "e3", "e2"]) await exports.insert("default", descriptor(id), null);
      const page = async (limit: number, offset: number, beforeId?: string) => {
        const { items, hasMore } = await exports.list("default", { limit, offset, beforeId });
        return { ids: items.map(({ id }) => id), hasMore };
      };
      expect(await page(2, 0)).toEqual({ ids: ["e3", "e2"], hasMore: true });
      expect(await page(2, 0, "e2")).toEqual({ ids: ["e1"], hasMore: false });
      expect(await page(2, 1)).toEqual({ ids: ["e2", "e1"], hasMore: false });
    });
  });
}

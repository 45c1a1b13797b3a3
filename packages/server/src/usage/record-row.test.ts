import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openWriter } from "../sqlite/connection.ts";
import { recordColumns, recordSource } from "./record-row.ts";

it("finds a record's corrections by index, not by reading the whole organization for each record", () => {
  const folder = mkdtempSync(join(tmpdir(), "record-row-"));
  const db = openWriter(join(folder, "ledger.db"));
  const plan = db.prepare(`EXPLAIN QUERY PLAN SELECT ${recordColumns} FROM ${recordSource}`).all();
  db.close();
  rmSync(folder, { recursive: true });
  const ofCorrections = plan.map(({ detail }) => String(detail)).filter((detail) => /\bc USING\b/.test(detail));
  expect(ofCorrections).toHaveLength(5);
  for (const detail of ofCorrections) expect(detail).toContain("records_by_corrected");
});

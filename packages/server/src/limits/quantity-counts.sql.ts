import type { LimitWindow } from "@llm-cost-ops/contract";
import type { StoreConnection } from "../store/connection.ts";
import { type OfOrganization, type Store, storeRead, storeWrite } from "../store/operation.ts";
import type { CountedSlot, SharedCounts } from "./quantity-counts.ts";
import { slotEndsAt } from "./quantity-windows.ts";

interface Asked extends OfOrganization {
  readonly subjects: readonly string[];
  readonly nowMs: number;
}

interface SlotRow {
  readonly subject: string;
  readonly unit: string;
  readonly span: LimitWindow;
  readonly starts_at: number;
  readonly amount: string;
}

async function readCounts(connection: StoreConnection, { organizationId, subjects, nowMs }: Asked) {
  const found: CountedSlot[] = [];
  for (const subject of subjects) {
    const rows = await connection.all<SlotRow>(
      `SELECT subject, unit, span, starts_at, amount FROM quantity_counts
       WHERE organization_id = ? AND subject = ? AND ends_at > ?`,
      organizationId,
      subject,
      nowMs,
    );
    for (const { unit, span: window, starts_at: startsAtMs, amount } of rows) {
      found.push({ subject, unit, window, startsAtMs, amount: BigInt(amount) });
    }
  }
  return found;
}

const readQuantityCounts = storeRead("quantities.read", readCounts);

const addQuantityCounts = storeWrite(
  "quantities.add",
  async (connection, { changes, ...asked }: Asked & { readonly changes: readonly CountedSlot[] }) => {
    const { organizationId, nowMs } = asked;
    await connection.run(
      "DELETE FROM quantity_counts WHERE organization_id = ? AND ends_at <= ?",
      organizationId,
      nowMs,
    );
    for (const { subject, unit, window, startsAtMs, amount } of changes) {
      const place = [organizationId, subject, unit, window, startsAtMs] as const;
      const row = await connection.get<Pick<SlotRow, "amount">>(
        `SELECT amount FROM quantity_counts
         WHERE organization_id = ? AND subject = ? AND unit = ? AND span = ? AND starts_at = ?`,
        ...place,
      );
      await connection.run(
        `INSERT INTO quantity_counts (organization_id, subject, unit, span, starts_at, ends_at, amount)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (organization_id, subject, unit, span, starts_at) DO UPDATE SET amount = excluded.amount`,
        ...place,
        slotEndsAt(window, startsAtMs),
        (BigInt(row?.amount ?? "0") + amount).toString(),
      );
    }
    return readCounts(connection, asked);
  },
  "counts of what the ledger has; they are gone within a day",
);

/** What all processes count, in their database. */
export const storedCounts = (store: Store): SharedCounts => ({
  exchange: (organizationId, changes, subjects, nowMs) =>
    changes.length === 0
      ? store.run(readQuantityCounts, { organizationId, subjects, nowMs })
      : store.run(addQuantityCounts, { organizationId, changes, subjects, nowMs }),
});

export const quantityCountOperations = [readQuantityCounts, addQuantityCounts] as const;

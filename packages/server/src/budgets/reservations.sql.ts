import type { PriceVersion, UnpricedReason } from "@llm-cost-ops/core";
import { withPrices } from "../pricing/with-prices.sql.ts";
import { installationRead, installationWrite, storeRead, storeWrite } from "../store/operation.ts";
import { approvalOperations } from "./approvals.sql.ts";
import { listHardBudgets } from "./scoped-budgets.sql.ts";

/** The price that a call would get now, to be compiled where it is used. */
export type EstimatePrice =
  | {
      readonly kind: "found";
      readonly provider: string;
      readonly model: string;
      readonly region: string | null;
      readonly version: PriceVersion;
    }
  | {
      readonly kind: "none";
      readonly provider: string | null;
      readonly model: string | null;
      readonly reason: UnpricedReason;
      readonly detail: string;
    };

export const readEstimatePrice = storeRead(
  "reservations.price",
  async (
    connection,
    args: { readonly organizationId: string; readonly provider: string | undefined; readonly model: string },
  ): Promise<EstimatePrice> => {
    const nowMs = connection.now();
    return withPrices(connection, args.organizationId, (lookup) => {
      const found = lookup.find(args.organizationId, args.provider, args.model);
      if (found.kind === "unknown") {
        return { kind: "none", provider: null, model: null, reason: found.reason, detail: found.detail };
      }
      const { provider, model, resolution } = found;
      const at = found.at(nowMs);
      return at.kind === "none"
        ? { kind: "none", provider, model, reason: at.reason, detail: at.detail }
        : { kind: "found", provider, model, region: resolution.region ?? null, version: at.price.version };
    });
  },
);

/** A reservation of another process, which is told by a row how it ended. */
export interface ReservationName {
  readonly organizationId: string;
  readonly processId: string;
  readonly number: number;
}

interface Ended extends ReservationName {
  readonly how: "settled" | "released";
  readonly expiresAtMs: number;
}

interface EndRow {
  readonly process_id: string;
  readonly number: number;
  readonly how: "settled" | "released";
}

/** Writes down how a reservation of another process ended, unless that is known; answers what is known then. */
export const endElsewhere = storeWrite(
  "reservations.endElsewhere",
  async (connection, { organizationId, processId, number, how, expiresAtMs }: Ended): Promise<Ended["how"]> => {
    await connection.run(
      `INSERT INTO reservation_ends (organization_id, process_id, number, how, expires_at, told_at)
       VALUES (?, ?, ?, ?, ?, NULL) ON CONFLICT (organization_id, process_id, number) DO NOTHING`,
      organizationId,
      processId,
      number,
      how,
      expiresAtMs,
    );
    const row = await connection.get<Pick<EndRow, "how">>(
      "SELECT how FROM reservation_ends WHERE organization_id = ? AND process_id = ? AND number = ?",
      organizationId,
      processId,
      number,
    );
    return row?.how ?? how;
  },
  "the end of what was set aside for one call",
);

/** Ends of this process's reservations that others wrote and it has not heard of. */
export const endsToHear = installationRead(
  "reservations.endsToHear",
  async (connection, { processId }: { readonly processId: string }): Promise<readonly EndRow[]> =>
    connection.all<EndRow>(
      "SELECT process_id, number, how FROM reservation_ends WHERE process_id = ? AND told_at IS NULL LIMIT 10000",
      processId,
    ),
);

/** Notes that a process heard of ends, and forgets those of reservations that would have expired by now. */
export const noteEndsHeard = installationWrite(
  "reservations.noteEndsHeard",
  async (
    connection,
    { processId, numbers }: { readonly processId: string; readonly numbers: readonly number[] },
  ): Promise<void> => {
    const nowMs = connection.now();
    for (const number of numbers) {
      await connection.run(
        "UPDATE reservation_ends SET told_at = ? WHERE process_id = ? AND number = ?",
        nowMs,
        processId,
        number,
      );
    }
    await connection.run("DELETE FROM reservation_ends WHERE expires_at < ?", nowMs);
  },
  "the end of what was set aside for single calls",
);

/** For the registry. */
export const reservationOperations = [
  listHardBudgets,
  readEstimatePrice,
  endElsewhere,
  endsToHear,
  noteEndsHeard,
  ...approvalOperations,
] as const;

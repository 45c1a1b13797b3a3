import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { limits } from "@llm-cost-ops/contract/limits";
import type { EstimateLabels } from "./estimate-labels.ts";

/** All that another process of the installation needs to settle or release a reservation. */
export interface ReservationFacts {
  readonly processId: string;
  readonly number: number;
  /** UTC milliseconds. */
  readonly expiresAtMs: number;
  readonly labels: EstimateLabels;
}

/** Reservations of one organization by ids that say what they are, and that nobody else can make. */
export interface ReservationIds {
  write(organizationId: string, facts: ReservationFacts): string;
  /** Undefined where the id is not one of ours for the organization. */
  read(organizationId: string, id: string): ReservationFacts | undefined;
}

const prefix = "rsv_";
const macBytes = 16;
const form = /^rsv_([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{22})$/;

type Fields = readonly [
  processId: string,
  number: number,
  expiresAtMs: number,
  provider: string | null,
  model: string | null,
  projectId: string | null,
  userId: string | null,
  tags: Readonly<Record<string, string>>,
];

/** Labels in the form in which an id carries them, which has to fit into an address. */
export const areLabelsShort = (labels: EstimateLabels): boolean =>
  Buffer.byteLength(JSON.stringify(labels)) <= limits.reservationLabelBytes;

export function reservationIds(secret: string): ReservationIds {
  const key = Buffer.from(hkdfSync("sha256", secret, "llm-cost-ops", "budget reservation", 32));
  const macOf = (organizationId: string, payload: string): Buffer =>
    createHmac("sha256", key).update(`${organizationId}\n${payload}`).digest().subarray(0, macBytes);
  return {
    write(organizationId, { processId, number, expiresAtMs, labels }) {
      const { provider, model, projectId, userId, tags } = labels;
      const fields: Fields = [processId, number, expiresAtMs, provider, model, projectId, userId, tags];
      const payload = Buffer.from(JSON.stringify(fields)).toString("base64url");
      return `${prefix}${payload}.${macOf(organizationId, payload).toString("base64url")}`;
    },
    read(organizationId, id) {
      const [, payload, mac] = form.exec(id) ?? [];
      if (payload === undefined || mac === undefined) return undefined;
      const given = Buffer.from(mac, "base64url");
      // One spelling each: decoders forgive spare bits.
      if (given.toString("base64url") !== mac || !timingSafeEqual(given, macOf(organizationId, payload)))
        return undefined;
      const fields = JSON.parse(Buffer.from(payload, "base64url").toString()) as Fields;
      const [processId, number, expiresAtMs, provider, model, projectId, userId, tags] = fields;
      return { processId, number, expiresAtMs, labels: { provider, model, projectId, userId, tags } };
    },
  };
}

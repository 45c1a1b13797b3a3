import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from "node:crypto";
import { limits } from "@llm-cost-ops/contract/limits";
import type { EstimateLabels } from "./estimate-labels.ts";

/** All that another process of the installation needs to settle or release a reservation. */
export interface ReservationFacts {
  readonly processId: string;
  readonly number: number;
  /** UTC milliseconds. */
  readonly expiresAtMs: number;
  readonly labels: EstimateLabels;
  /** Of what is set aside; null where no price is known. */
  readonly currency: string | null;
}

/** Reservations of one organization by ids that nobody else can make or read: they tell nothing of other organizations. */
export interface ReservationIds {
  write(organizationId: string, facts: ReservationFacts): string;
  /** Undefined where the id is not one of ours for the organization. */
  read(organizationId: string, id: string): ReservationFacts | undefined;
  /** The id of the record that settles a reservation: the same each time, and known to nobody before. */
  recordId(organizationId: string, facts: ReservationFacts): string;
}

const prefix = "rsv_";
const recordPrefix = "rsv-";
const macBytes = 16;
const form = /^rsv_([A-Za-z0-9_-]+)$/;

type Fields = readonly [
  processId: string,
  number: number,
  expiresAtMs: number,
  provider: string | null,
  model: string | null,
  projectId: string | null,
  userId: string | null,
  tags: Readonly<Record<string, string>>,
  serviceTier: string | null,
  currency: string | null,
];

/** Labels in the form in which an id carries them, which has to fit into an address. */
export const areLabelsShort = (labels: EstimateLabels): boolean =>
  Buffer.byteLength(JSON.stringify(labels)) <= limits.reservationLabelBytes;

function textOf({ processId, number, expiresAtMs, labels, currency }: ReservationFacts): string {
  const { provider, model, projectId, userId, tags, serviceTier } = labels;
  const said = [provider, model, projectId, userId, tags, serviceTier, currency] as const;
  const fields: Fields = [processId, number, expiresAtMs, ...said];
  return JSON.stringify(fields);
}

function factsOf(text: string): ReservationFacts {
  const [processId, number, expiresAtMs, ...said] = JSON.parse(text) as Fields;
  const [provider, model, projectId, userId, tags, serviceTier, currency] = said;
  const labels = { provider, model, projectId, userId, tags, serviceTier };
  return { processId, number, expiresAtMs, labels, currency };
}

/** An id is a MAC of what it says and, with that as the vector, the cipher of it: no random numbers, no vector twice. */
export function reservationIds(secret: string): ReservationIds {
  // Key objects: bytes would be made into one at each use, which takes five times as long as the use itself.
  const keyFor = (use: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync("sha256", secret, "llm-cost-ops", use, 32)));
  const macKey = keyFor("budget reservation");
  const cipherKey = keyFor("budget reservation, hidden");
  const recordKey = keyFor("record of a budget reservation");
  const macOf = (key: KeyObject, organizationId: string, text: string | Uint8Array): Buffer =>
    createHmac("sha256", key).update(`${organizationId}\n`).update(text).digest().subarray(0, macBytes);
  return {
    write(organizationId, facts) {
      const text = textOf(facts);
      const mac = macOf(macKey, organizationId, text);
      const cipher = createCipheriv("aes-256-ctr", cipherKey, mac);
      return `${prefix}${Buffer.concat([mac, cipher.update(text, "utf8")]).toString("base64url")}`;
    },
    read(organizationId, id) {
      const [, sent] = form.exec(id) ?? [];
      if (sent === undefined) return undefined;
      const bytes = Buffer.from(sent, "base64url");
      // One spelling each: decoders forgive spare bits.
      if (bytes.length <= macBytes || bytes.toString("base64url") !== sent) return undefined;
      const mac = bytes.subarray(0, macBytes);
      const text = createDecipheriv("aes-256-ctr", cipherKey, mac).update(bytes.subarray(macBytes));
      return timingSafeEqual(mac, macOf(macKey, organizationId, text)) ? factsOf(text.toString()) : undefined;
    },
    recordId: (organizationId, facts) =>
      `${recordPrefix}${macOf(recordKey, organizationId, textOf(facts)).toString("base64url")}`,
  };
}

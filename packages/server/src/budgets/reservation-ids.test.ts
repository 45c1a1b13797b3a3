import { expect, test } from "vitest";
import { type ReservationFacts, reservationIds } from "./reservation-ids.ts";

const ids = reservationIds("s".repeat(43));
const facts: ReservationFacts = {
  processId: "AbCdEfGhIjKl",
  number: 41,
  expiresAtMs: 1_764_000_000_000,
  labels: {
    provider: "acme-models",
    model: "even\u{fffd}",
    projectId: null,
    userId: "ann",
    tags: { app: "ßearch" },
    serviceTier: "flex",
  },
  currency: "EUR",
};
const bytesOf = (id: string): Buffer => Buffer.from(id.slice("rsv_".length), "base64url");

test("an id is read as what was written, by every process of the installation, and by nobody for another organization", () => {
  const id = ids.write("acme", facts);
  expect(reservationIds("s".repeat(43)).read("acme", id)).toEqual(facts);
  expect(ids.read("beta", id)).toBeUndefined();
  expect(reservationIds("t".repeat(43)).read("acme", id)).toBeUndefined();
});

test("an id shows neither process nor number nor labels, and two in a row have nothing in common", () => {
  const one = bytesOf(ids.write("acme", facts));
  const two = bytesOf(ids.write("acme", { ...facts, number: facts.number + 1 }));
  for (const text of ["AbCdEfGhIjKl", "acme-models", "ann", "41"]) expect(one.includes(text)).toBe(false);
  const same = [...one].filter((byte, at) => byte === two[at]);
  expect(same.length).toBeLessThan(one.length / 8);
});

test("no byte of an id can be changed, none be added or taken away", () => {
  const id = ids.write("acme", facts);
  const bytes = bytesOf(id);
  for (let at = 0; at < bytes.length; at += 1) {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 0x80;
    expect(ids.read("acme", `rsv_${copy.toString("base64url")}`)).toBeUndefined();
  }
  for (const wrong of [`${id}A`, id.slice(0, -1), id.slice(0, 26), "rsv_", `${id}=`]) {
    expect(ids.read("acme", wrong)).toBeUndefined();
  }
});

test("the record of a reservation has an id that only the installation knows before it is there", () => {
  const recordId = ids.recordId("acme", facts);
  expect(recordId).toMatch(/^rsv-[\w-]{22}$/);
  expect(reservationIds("s".repeat(43)).recordId("acme", facts)).toBe(recordId);
  const id = ids.write("acme", facts);
  expect(id).not.toContain(recordId.slice("rsv-".length));
  const others = [
    ids.recordId("beta", facts),
    ids.recordId("acme", { ...facts, number: 42 }),
    reservationIds("t".repeat(43)).recordId("acme", facts),
  ];
  expect(others).not.toContain(recordId);
});

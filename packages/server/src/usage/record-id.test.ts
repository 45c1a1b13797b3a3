import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatRecordId, formatUuid, readRecordId, uuidV7Maker } from "./record-id.ts";

describe("record ids", () => {
  it("give every text back as it was sent, from 16 bytes", () => {
    const text = fc.oneof(
      fc.string(),
      fc.uuid(),
      fc.uuid().map((uuid) => uuid.toUpperCase()),
      fc.constant("-".repeat(36)),
    );
    fc.assert(
      fc.property(text, (id) => {
        const { bytes, externalId } = readRecordId(id);
        expect(bytes).toHaveLength(16);
        expect(formatRecordId(bytes, externalId)).toBe(id);
      }),
    );
  });

  it("are a UUID's own bytes, in any letters, and a hash of anything else", () => {
    const uuid = "0198c0de-0000-7000-8000-0000000000ab";
    const { bytes, externalId } = readRecordId(uuid);
    expect([Buffer.from(bytes).toString("hex"), externalId]).toEqual([uuid.replaceAll("-", ""), null]);
    expect(readRecordId(uuid.toUpperCase()).bytes).toEqual(bytes);
    // U+4E30 ends in the byte of "0": a decoder that looks at low bytes alone takes this text for a UUID.
    const lowBytesOfDigits = uuid.replaceAll("0", "\u4e30");
    for (const near of [`${uuid.slice(0, 35)}g`, uuid.replaceAll("-", "_"), uuid.slice(1), lowBytesOfDigits]) {
      expect(readRecordId(near).externalId).toBe(near);
    }
  });

  it("made here ascend within one millisecond and when the clock goes back, and say version 7", () => {
    const make = uuidV7Maker();
    const ids = Array.from({ length: 20_000 }, (_, index) => formatUuid(make(1_700_000_000_000 - (index % 3))));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids.slice(0, 100)) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
  });

  it("made side by side in one millisecond are never the same", () => {
    const ids = new Set<string>();
    for (let round = 0; round < 200; round += 1) {
      const [one, other] = [uuidV7Maker(), uuidV7Maker()];
      for (const make of [one, other, one, other]) ids.add(formatUuid(make(1_700_000_000_000)));
    }
    expect(ids.size).toBe(800);
  });
});

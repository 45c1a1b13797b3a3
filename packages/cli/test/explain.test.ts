/** The printed proof is enough to compute a cost again by hand. */
import { describe, expect, test } from "vitest";
import { newDatabaseWithSchema } from "../../server/src/store/database-fixture.ts";
import { workplaceOn } from "./cost-ops.ts";
import { asJsonl, sampleLog } from "./sample-log.ts";

/** `9,000` × `$1.25` / `1,000,000` as a count of 10⁻¹⁵, with nothing but the printed digits. */
function redo(line: string): bigint | undefined {
  const match = /([\d,]+) × \$([\d,.]+)(?: \/ ([\d,]+))?(?: × (\d+(?:\.\d+)?) \([^)]*\))?(?:\s+-?\$|$)/.exec(line);
  if (match === null) return undefined;
  const [, quantity = "", price = "", per = "1", factor = "1"] = match;
  return (units(quantity, 0) * units(price, 9) * units(factor, 6)) / units(per, 0);
}

const units = (text: string, digits: number): bigint => {
  const [whole = "", fraction = ""] = text.replaceAll(",", "").split(".");
  return BigInt(whole + fraction.padEnd(digits, "0"));
};

const signed = (text: string): bigint => (text.startsWith("-") ? -units(text.slice(2), 15) : units(text.slice(1), 15));

/** What caching saved on each kind, once as the two prices of its line give it and once as it is printed. */
function redoSavings(text: string) {
  const parts = text
    .split("\n")
    .filter((line) => line.includes(" × $"))
    .map((line) => {
      const [plain = "", charged = ""] = line.split(" − ");
      const printed = signed(/-?\$[\d,.]+$/.exec(line)?.[0] ?? "");
      return { redone: (redo(plain) ?? 0n) - (redo(charged) ?? 0n), printed };
    });
  return { parts, sum: signed(/sum\s+(-?\$[\d,.]+)/.exec(text)?.[1] ?? "") };
}

describe("explain", () => {
  test("each printed line gives its cost, and the lines give the sum", async () => {
    const place = await workplaceOn(newDatabaseWithSchema);
    try {
      await place.ok(["import", "-"], { input: asJsonl(sampleLog()) });
      const list = JSON.parse(await place.ok(["list", "--cost-status", "priced", "--limit", "1000", "-o", "json"]));
      const ids = (list.data as { id: string; provider: string }[]).filter(
        ({ provider }, at, all) => all.findIndex((other) => other.provider === provider) === at,
      );
      expect(ids.length).toBeGreaterThan(5);
      const savingsSeen: ReturnType<typeof redoSavings>[] = [];
      for (const { id } of [...ids, { id: "caches-and-reasoning" }]) {
        const text = await place.ok(["explain", id]);
        const [costs = "", savings] = text.slice(text.indexOf("4  The cost")).split("What caching saved");
        const lines = costs.split("\n").filter((line) => line.includes(" × $"));
        const sums = lines.map((line) => ({
          line,
          redone: redo(line),
          printed: units(/\$([\d,.]+)$/.exec(line)?.[1] ?? "", 15),
        }));
        for (const { line, redone, printed } of sums) expect(redone, line).toBe(printed);
        const total = units(/sum\s+\$([\d,.]+)/.exec(costs)?.[1] ?? "", 15);
        expect(sums.reduce((sum, { printed }) => sum + printed, 0n)).toBe(total);
        if (savings !== undefined) savingsSeen.push(redoSavings(savings));
        expect(text).toContain("✓ Every line was computed again");
      }
      expect(savingsSeen.length).toBeGreaterThan(2);
      for (const { parts, sum } of savingsSeen) {
        for (const { redone, printed } of parts) expect(redone).toBe(printed);
        expect(parts.reduce((total, { printed }) => total + printed, 0n)).toBe(sum);
      }
      expect(await place.ok(["explain", "nobody-has-a-price"])).toMatch(/unpriced[\s\S]*Unpriced is not zero/);
    } finally {
      place.remove();
    }
  });
});

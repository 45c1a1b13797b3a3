/** Repricing from the terminal: a preview says what it changes of what caching saved, also where every cost stays. */
import { expect, test } from "vitest";
import { newDatabaseWithSchema } from "../../server/src/store/database-fixture.ts";
import { workplaceOn } from "./cost-ops.ts";

test("a preview says that only what caching saved changes, and by how much", async () => {
  const place = await workplaceOn(newDatabaseWithSchema);
  try {
    const price = (input: string) =>
      ["--input-price", input, "--cache-read-price", "0.3", "--output-price", "15"] as const;
    const named = ["--provider", "openai", "--model", "all-cached"] as const;
    const added = JSON.parse(await place.ok(["pricing", "add", ...named, ...price("3"), "-o", "json"]));
    const call = {
      id: "a",
      provider: "openai",
      model: "all-cached",
      output_tokens: 0,
      timestamp: "2026-05-10T12:00:00Z",
    };
    const tokens = { input_tokens: 1_000_000, cached_tokens: 1_000_000 };
    await place.ok(["import", "-"], { input: `${JSON.stringify({ ...call, ...tokens })}\n` });
    await place.ok(["pricing", "update", added.id, ...price("6"), "--effective-date", "2026-01-01"]);
    const text = await place.ok(["pricing", "reprice", "preview"]);
    expect(text).toContain("1 of 1 records change\n1 of these cost the same: only what caching saved changes\n");
    expect(text).toContain("caching saved $2.70, then $5.70: $3.00");
    expect(text).toMatch(/difference.*saved by caching[\s\S]*all-cached.*\$0\.00.*\$3\.00/);
    const { data } = JSON.parse(await place.ok(["pricing", "reprice", "list", "-o", "json"]));
    expect(data).toMatchObject([{ records_changed: 1, records_same_cost: 1 }]);
    await place.ok(["pricing", "reprice", "apply", data[0].id, "--yes"]);
    const after = await place.ok(["pricing", "reprice", "preview"]);
    expect(after).toContain("0 of 1 records change");
    expect(after).not.toContain("caching");
  } finally {
    await place.remove();
  }
});

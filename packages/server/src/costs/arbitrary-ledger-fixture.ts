/** Ledgers that try to make sums go wrong: hostile amounts at hostile instants. */
import fc from "fast-check";
import type { FixtureRecord } from "./ledger-fixture.ts";

/** Around changes of the clocks in New York, Lord Howe and elsewhere, ends of months, midnights of several zones. */
const edgeInstants = [
  Date.UTC(2026, 2, 8, 7), // New York springs forward
  Date.UTC(2026, 10, 1, 6), // New York falls back
  Date.UTC(2026, 9, 3, 15, 30), // Lord Howe moves by half an hour
  Date.UTC(2026, 3, 4, 15), // and back
  Date.UTC(2026, 10, 1, 0),
  Date.UTC(2026, 9, 31, 18, 30), // midnight in Kolkata
  Date.UTC(2026, 10, 1, 4), // midnight in New York
] as const;

export const edgeInstant = fc
  .tuple(
    fc.constantFrom(...edgeInstants),
    fc.oneof(
      fc.constantFrom(-1, 0, 1, -3_600_000, 3_600_000, 1_800_000, -86_400_000, 86_400_000),
      fc.integer({ min: -3 * 86_400_000, max: 3 * 86_400_000 }),
    ),
  )
  .map(([edge, away]) => edge + away);

const amount = fc.oneof(
  fc.bigInt({ min: 0n, max: 5_000_000_000n }),
  fc.constant(37_500n), // one cached token
  fc.constant(1n),
  fc.constant(90_000_000n * 1_000_000_000_000n), // ninety million dollars
  fc.constant(0n),
);
const difference = fc.oneof(fc.bigInt({ min: -5_000_000_000n, max: 5_000_000_000n }), fc.constant(-1n));
const tokens = fc.oneof(fc.nat(200_000), fc.constantFrom(0, 1, 2 ** 52, Number.MAX_SAFE_INTEGER));

const record = fc.record({
  organizationId: fc.constantFrom("default", "default", "default", "other"),
  occurredAtMs: edgeInstant,
  receivedAtMs: fc.integer({ min: Date.UTC(2026, 10, 2), max: Date.UTC(2026, 10, 2) + 50 }),
  provider: fc.constantFrom("openai", "anthropic"),
  model: fc.constantFrom("small", "large", "large-2026"),
  resolvedModel: fc.constantFrom("large", null),
  project: fc.constantFrom("search", "chat", null),
  user: fc.constantFrom("ana", "bo", null),
  tier: fc.constantFrom("standard", "batch"),
  region: fc.constantFrom("eu", null),
  tags: fc.constantFrom<Readonly<Record<string, string>>>(
    {},
    { team: "web" },
    { team: "ml", env: "a:b=c" },
    { env: "" },
  ),
  apiKey: fc.constantFrom("key_1", "key_2", null),
  usageStatus: fc.constantFrom(
    "reported" as const,
    "reported" as const,
    "estimated" as const,
    "partial" as const,
    null,
  ),
  cost: fc.option(amount, { freq: 6 }),
  saved: fc.option(fc.oneof(amount, difference), { freq: 6 }),
  currency: fc.constantFrom("USD", "USD", "EUR"),
  inputTokens: tokens,
  outputTokens: fc.nat(100_000),
  entry: fc.constantFrom("usage" as const, "usage" as const, "cost" as const),
  corrections: fc.array(difference, { maxLength: 2 }),
  voided: fc.boolean(),
});

/** Records with distinct ids in no particular order; unpriced ones have no corrections. */
export const ledgerRecords: fc.Arbitrary<readonly FixtureRecord[]> = fc
  .array(fc.tuple(record, fc.nat(9), fc.bigInt({ min: 0n, max: 2n ** 40n })), { maxLength: 40 })
  .map((list) =>
    list.map(([made, keep, seed], at) => ({
      ...made,
      id: `0190${at.toString(16).padStart(4, "0")}-${(seed % 65_536n).toString(16).padStart(4, "0")}-7000-8000-${seed.toString(16).padStart(12, "0")}`,
      saved: made.cost === null || made.entry === "cost" ? null : made.saved,
      corrections: made.cost === null ? [] : made.corrections,
      voided: made.voided && keep < 3,
    })),
  );

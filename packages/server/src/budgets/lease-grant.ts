import type { LeaseAsk } from "./budget-leases.ts";

/** What one process holds of one budget: `allocated` of it for reservations, the rest unused. Picos or tokens. */
export interface HeldLease {
  readonly processId: string;
  readonly held: bigint;
  readonly allocated: bigint;
  /** Of its last renewal, in UTC milliseconds. */
  readonly seenAtMs: number;
  /** Since when another process waits for what it holds unused. */
  readonly recalledAtMs: number | undefined;
}

/** How much a budget allows and what became of it, in its unit. */
export interface BudgetMeasure {
  readonly limit: bigint;
  readonly spent: bigint;
}

export interface LeaseGrant {
  readonly held: bigint;
  readonly heldByOthers: bigint;
  /** Those that are to give back what they hold unused. */
  readonly recalled: readonly HeldLease[];
}

/** Whoever renewed nothing for so long is not waited for: what it holds counts until it expires. */
const aliveMs = 3_000;

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const notNegative = (value: bigint): bigint => (value < 0n ? 0n : value);

/**
 * What a process gets of a budget of which others hold some already. First what its waiting reservations need, each whole:
 * of parts that two processes hold while they wait for each other, neither could grant what fits. Beyond that half of an
 * even share of what is left then, so that whoever comes later finds some, and nothing where others wait.
 */
export function grantLease(
  { limit, spent }: BudgetMeasure,
  { allocated, needs, want }: Pick<LeaseAsk, "allocated" | "needs" | "want">,
  others: readonly HeldLease[],
  { isRecalled, nowMs }: { readonly isRecalled: boolean; readonly nowMs: number },
): LeaseGrant {
  const heldByOthers = others.reduce((sum, { held }) => sum + held, 0n);
  const alive = others.filter(({ seenAtMs }) => nowMs - seenAtMs < aliveMs);
  const room = notNegative(limit - spent - heldByOthers - allocated);
  const need = needs.reduce((sum, each) => sum + each, 0n);
  const needed = needs.reduce((sum, each) => (sum + each > room ? sum : sum + each), 0n);
  const share = (room - needed) / (2n * BigInt(alive.length + 1));
  const ahead = isRecalled || needed < need ? 0n : smaller(notNegative(want - need), share);
  const recalled = needed < need ? alive.filter((other) => other.held > other.allocated) : [];
  return { held: allocated + needed + ahead, heldByOthers, recalled };
}

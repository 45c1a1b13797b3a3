/**
 * Splits a total by weights so that the parts sum to it, to the last unit: each part is rounded towards zero, then the
 * units that are left go one each to the largest remainders, the earlier first. Weights are non-negative; if all are
 * zero the split is even. A negative total splits as its opposite does. Refuses negative weights, and an empty list
 * unless the total is zero, with a RangeError.
 *
 * @example allocateExactly(100n, [1n, 1n, 1n]) // [34n, 33n, 33n]
 */
export function allocateExactly(total: bigint, weights: readonly bigint[]): bigint[] {
  if (weights.some((weight) => weight < 0n)) throw new RangeError("A weight is negative.");
  if (weights.length === 0) {
    if (total === 0n) return [];
    throw new RangeError("There is nobody to split between.");
  }
  const size = total < 0n ? -total : total;
  const given = weights.reduce((sum, weight) => sum + weight, 0n);
  const shares = given === 0n ? weights.map(() => 1n) : weights;
  const sum = given === 0n ? BigInt(weights.length) : given;
  const parts = shares.map((share) => (size * share) / sum);
  const remainders = shares.map((share, index) => ({ index, remainder: (size * share) % sum }));
  remainders.sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  const left = Number(size - parts.reduce((all, part) => all + part, 0n));
  for (const { index } of remainders.slice(0, left)) parts[index] = (parts[index] ?? 0n) + 1n;
  return total < 0n ? parts.map((part) => -part) : parts;
}

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;
const levels = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** A lying bar of at most `width` characters, in steps of an eighth. Whatever is more than nothing shows. */
export function bar(value: bigint, largest: bigint, width: number): string {
  if (value <= 0n || largest <= 0n) return "";
  const steps = Math.max(1, Number((value * BigInt(width * 8)) / largest));
  return "█".repeat(Math.floor(steps / 8)) + eighths[steps % 8];
}

/** Standing columns, one character for each value, as `height` lines from top to bottom. */
export function columnChart(values: readonly bigint[], height: number): readonly string[] {
  const largest = largestOf(values);
  const steps = values.map((value) =>
    value <= 0n || largest === 0n ? 0 : Math.max(1, Number((value * BigInt(height * 8)) / largest)),
  );
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * 8;
    return steps.map((step) => levels[Math.min(8, Math.max(0, step - below))]).join("");
  });
}

/** The largest of amounts, at least nothing. */
export function largestOf(amounts: Iterable<bigint>): bigint {
  let largest = 0n;
  for (const amount of amounts) if (amount > largest) largest = amount;
  return largest;
}

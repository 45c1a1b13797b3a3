import type { ImportReport } from "@llm-cost-ops/contract";
import { count } from "../terminal/amounts.ts";
import { printable } from "../terminal/printable.ts";
import type { Paint } from "../terminal/terminal.ts";

/** What became of all files of one import together. */
export interface ImportOutcome {
  readonly dry_run: boolean;
  readonly read: number;
  readonly recorded: number;
  readonly duplicate: number;
  readonly unpriced: number;
  readonly rejected: number;
  readonly skipped: number;
  readonly bytes: number;
  readonly unpriced_models: ImportReport["unpriced_models"];
  /** Where the rejected lines are; null where there were none. */
  readonly rejected_file: string | null;
  /** Files in a folder that are no usage that anybody knows. */
  readonly unrecognised: readonly { readonly file: string; readonly reason: string }[];
  readonly files: readonly ImportReport[];
}

const counted = ["read", "recorded", "duplicate", "unpriced", "rejected", "skipped", "bytes"] as const;

export function joinReports(
  files: readonly ImportReport[],
  rest: Pick<ImportOutcome, "dry_run" | "rejected_file" | "unrecognised">,
): ImportOutcome {
  const sums = Object.fromEntries(counted.map((name) => [name, files.reduce((sum, file) => sum + file[name], 0)]));
  const models = Map.groupBy(
    files.flatMap((file) => file.unpriced_models),
    ({ provider, model, reason }) => JSON.stringify([provider, model, reason]),
  );
  return {
    dry_run: rest.dry_run,
    ...(sums as Record<(typeof counted)[number], number>),
    unpriced_models: [...models.values()]
      .flatMap(([first, ...others]) =>
        first === undefined
          ? []
          : [{ ...first, records: others.reduce((sum, each) => sum + each.records, first.records) }],
      )
      .sort((a, b) => b.records - a.records),
    rejected_file: rest.rejected_file,
    unrecognised: rest.unrecognised,
    files,
  };
}

/** The end report for people: every record is in exactly one of recorded, duplicate and rejected. */
export function outcomeText(paint: Paint, outcome: ImportOutcome, seconds: number): string {
  const rate = Math.round(outcome.read / Math.max(seconds, 0.001));
  const files =
    outcome.files.length === 1 ? printable(outcome.files[0]?.name ?? "1 file") : `${count(outcome.files.length)} files`;
  const formats = [...new Set(outcome.files.map((file) => file.format))].join(", ");
  const lines: readonly (readonly [string, number, string])[] = [
    ["read", outcome.read, ""],
    ["recorded", outcome.recorded, outcome.dry_run ? "would be: this was a dry run" : ""],
    ["duplicate", outcome.duplicate, outcome.duplicate === 0 ? "" : "known already, counted once"],
    [
      "unpriced",
      outcome.unpriced,
      outcome.unpriced === 0 ? "" : "recorded, in no sum of money until they have a price",
    ],
    ["rejected", outcome.rejected, outcome.rejected_file === null ? "" : `see ${printable(outcome.rejected_file)}`],
    ["skipped", outcome.skipped, outcome.skipped === 0 ? "" : "lines without usage"],
  ];
  const width = Math.max(...lines.map(([, value]) => count(value).length));
  return [
    `${files} (${formats}) in ${seconds.toFixed(1)} s, ${count(rate)} records/s`,
    ...lines.map(([name, value, note]) => {
      const line = `  ${name.padEnd(9)}  ${count(value).padStart(width)}${note === "" ? "" : `  ${note}`}`;
      return value > 0 && name === "rejected"
        ? paint.red(line)
        : value > 0 && name === "unpriced"
          ? paint.yellow(line)
          : line;
    }),
  ].join("\n");
}

/** Which models have no price, and the command that gives them one. */
export function* unpricedHints(outcome: ImportOutcome): Generator<string> {
  const most = outcome.unpriced_models.slice(0, 10);
  for (const { provider, model, reason, records } of most) {
    yield `${count(records)} of ${printable(`${provider} / ${model}`)}: ${printable(reason.replaceAll("_", " "))}. To price them:`;
    yield `  cost-ops pricing add --provider ${shellWord(provider)} --model ${shellWord(model)} --input-price PER_MILLION --output-price PER_MILLION`;
  }
  const left = outcome.unpriced_models.length - most.length;
  if (left > 0)
    yield `… and ${count(left)} more models without a price (cost-ops query --cost-status unpriced --group-by provider,model).`;
}

/** One word for a shell, whatever it contains. */
const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${printable(text).replaceAll("'", `'\\''`)}'`;

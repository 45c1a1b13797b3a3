import type { PriceRecord, ResolveResult } from "@llm-cost-ops/contract";
import { decorateMoney } from "@llm-cost-ops/core";
import { count } from "../terminal/amounts.ts";
import { type Column, renderTable } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import type { Terminal } from "../terminal/terminal.ts";

type Screen = Pick<Terminal, "paint" | "columns">;

const price = (decimal: string | null, currency: string): string =>
  decimal === null ? "–" : decorateMoney(decimal, currency);

export const priceColumns: readonly Column<PriceRecord>[] = [
  { heading: "provider", text: (row) => row.provider },
  { heading: "model", text: (row) => row.model },
  { heading: "input", align: "right", text: (row) => price(row.input_price_per_million, row.currency) },
  { heading: "output", align: "right", text: (row) => price(row.output_price_per_million, row.currency) },
  { heading: "from", text: (row) => day(row.effective_date) ?? "since ever" },
  { heading: "until", isOptional: true, text: (row) => day(row.end_date) ?? "–" },
  { heading: "source", isOptional: true, text: (row) => row.source },
  { heading: "id", isWhole: true, text: (row) => row.id },
];

const day = (instant: string | null): string | undefined => instant?.replace(/T00:00:00(\.0+)?Z$/, "");

/** One price version with every rate, as the provider writes it. */
export function priceText(terminal: Screen, record: PriceRecord): string {
  const { paint } = terminal;
  const validity = `${day(record.effective_date) ?? "since ever"} to ${day(record.end_date) ?? "further notice"}`;
  const source = record.catalogue_version === null ? record.source : `${record.source} ${record.catalogue_version}`;
  const rates = renderTable(terminal, record.rates, [
    { heading: "kind", text: (rate) => rate.kind },
    { heading: "price", align: "right", text: (rate) => price(rate.price, record.currency) },
    { heading: "per", align: "right", text: (rate) => count(rate.per) },
    { heading: "where", text: conditions },
  ]);
  return [
    `${paint.bold(`${record.provider} / ${record.model}`)}  ${paint.dim(record.id)}`,
    `${printable(`${source}, ${validity}, ${record.currency}`)}${record.active ? "" : `, ${paint.yellow("not in force now")}`}`,
    "",
    rates,
    ...record.multipliers.map(
      ({ factor, service_tier: tier, region }) =>
        `× ${factor} for ${printable([tier && `tier ${tier}`, region && `region ${region}`].filter(Boolean).join(", "))}`,
    ),
    ...(record.rates.some((rate) => rate.above !== null)
      ? [
          record.tier_mode === "whole_request"
            ? "Above a threshold the whole request has the higher price."
            : "Only what is above a threshold has the higher price.",
        ]
      : []),
  ].join("\n");
}

const conditions = (rate: PriceRecord["rates"][number]): string =>
  [
    rate.above === null ? undefined : `above ${count(rate.above)} tokens of input`,
    rate.service_tier === null ? undefined : `tier ${rate.service_tier}`,
    rate.region === null ? undefined : `region ${rate.region}`,
    rate.time_of_day === null ? undefined : `${rate.time_of_day.from} to ${rate.time_of_day.to} UTC`,
  ]
    .filter((part) => part !== undefined)
    .join(", ");

/** Which price applies and why, or why none does. */
export function resolutionText(terminal: Screen, result: ReturnType<typeof ResolveResult.parse>): string {
  const { paint } = terminal;
  const { resolution } = result;
  return [
    resolution === null
      ? undefined
      : `${paint.bold(`${resolution.provider} / ${resolution.model}`)}  ${printable(`${resolution.detail} (${resolution.rule})`)}`,
    result.rule === null ? undefined : `because ${printable(result.rule)}`,
    result.unpriced_reason === null
      ? undefined
      : paint.yellow(`unpriced: ${result.unpriced_reason}${result.detail === null ? "" : ` (${result.detail})`}`),
    result.price === null ? undefined : `\n${priceText(terminal, result.price)}`,
  ]
    .filter((line) => line !== undefined)
    .join("\n");
}

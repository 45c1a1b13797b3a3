import type { Explanation } from "@llm-cost-ops/contract";
import { decorateMoney, formatMoney } from "@llm-cost-ops/core";
import { count, pico } from "../terminal/amounts.ts";
import { renderTable } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import type { Terminal } from "../terminal/terminal.ts";

type Screen = Pick<Terminal, "paint" | "columns">;

/** The proof of one cost, top to bottom: what was reported, what was counted, which price, each line, the sum. */
export function explanationText(terminal: Screen, explanation: Explanation): string {
  const sections: readonly (readonly [title: string, body: readonly string[]])[] = [
    ["What was reported", reported(explanation)],
    ["What was counted, each token once", counted(terminal, explanation)],
    ["Which price", chosen(explanation)],
    ["The cost", lines(terminal, explanation)],
    ...(explanation.corrections.length === 0
      ? []
      : [["What was corrected since", corrections(terminal, explanation)] as const]),
    ...(explanation.savings.length === 0
      ? []
      : [["What caching saved, against plain input", savings(terminal, explanation)] as const]),
  ];
  return [
    heading(terminal, explanation),
    ...sections.map(([title, body], at) => section(terminal, `${at + 1}  ${title}`, body)),
    verdict(terminal, explanation),
  ].join("\n\n");
}

const section = (terminal: Screen, title: string, body: readonly string[]): string =>
  [terminal.paint.cyan(title), ...body.map((line) => (line === "" ? "" : `   ${line}`))].join("\n");

/** Exact money: every digit, because it is to be computed again. */
const exact = (amount: string | null, currency: string | null): string =>
  amount === null ? "–" : decorateMoney(amount, currency ?? "USD");

/** Names on the left, values beside them; what has no value is left out. */
function pairs(facts: readonly (readonly [string, string | null | undefined])[]): readonly string[] {
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== null && fact[1] !== undefined);
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`);
}

function heading(terminal: Screen, { record, total_cost }: Explanation): string {
  const { paint } = terminal;
  const cost =
    record.cost_status === "unpriced" ? paint.yellow("unpriced") : paint.bold(exact(total_cost, record.currency));
  const tags = Object.entries(record.tags).map(([key, value]) => `${key}=${value}`);
  return [
    `${paint.bold(record.id)}  ${cost}${record.cost_status === "priced" ? "" : `  ${paint.dim(`(${record.cost_status})`)}`}`,
    ...pairs([
      [
        "call",
        `${record.provider} / ${record.model}, tier ${record.service_tier}${record.region === null ? "" : `, region ${record.region}`}`,
      ],
      ["occurred", `${record.occurred_at}, received ${record.received_at} (${record.source})`],
      ["usage", record.usage_status],
      [
        "for",
        [record.project_id && `project ${record.project_id}`, record.user_id && `user ${record.user_id}`]
          .filter(Boolean)
          .join(", ") || null,
      ],
      ["tags", tags.join(", ") || null],
    ]).map((line) => `   ${line}`),
  ].join("\n");
}

function reported({ raw_usage: raw, record }: Explanation): readonly string[] {
  if (raw === null || raw === undefined) {
    const counts = "The counts below, without the provider's own usage object.";
    return [record.cost_status === "reported" ? "A cost that was priced elsewhere." : counts];
  }
  return JSON.stringify(raw, null, 2).split("\n").map(printable);
}

function counted(terminal: Screen, { record }: Explanation): readonly string[] {
  const kinds = Object.entries(record.quantities);
  if (kinds.length === 0) return ["Nothing that has a price."];
  const table = renderTable(terminal, kinds, [
    { heading: "kind", text: ([kind]) => kind },
    { heading: "count", align: "right", text: ([, quantity]) => count(quantity) },
  ]);
  return [
    ...table.split("\n"),
    "",
    `${count(record.input_tokens)} input tokens (${count(record.cached_tokens)} read from a cache, ${count(record.cache_write_tokens)} written to one), ${count(record.output_tokens)} output tokens (${count(record.reasoning_tokens)} reasoning)`,
  ];
}

function chosen({ model_resolution: model, price, rule, record }: Explanation): readonly string[] {
  return pairs([
    ["model", model === null ? null : `${model.detail} (${model.rule})`],
    ["price", price === null ? null : `${price.provider} / ${price.model} in ${price.currency}, ${price.source}`],
    ["valid", price === null ? null : validity(price.valid_from, price.valid_to)],
    ["version", price?.version],
    ["because", rule],
    ["none, because", record.unpriced_reason],
    ...(price === null && record.unpriced_reason === null
      ? ([
          ["", record.cost_status === "reported" ? "The cost was reported with the record." : "No price was needed."],
        ] as const)
      : []),
  ]);
}

const validity = (from: string | null, to: string | null): string =>
  `${from === null ? "since ever" : `from ${from}`}${to === null ? ", still in force" : ` until ${to}`}`;

function lines(terminal: Screen, explanation: Explanation): readonly string[] {
  const { lines: parts, original_cost, record, corrections: later } = explanation;
  if (parts.length > 0) return lineTable(terminal, parts, original_cost, currencyOf(explanation));
  if (original_cost !== null) return [`${exact(original_cost, currencyOf(explanation))}, as it was reported`];
  if (later.length > 0) return ["There was no price when it was recorded."];
  return record.cost_status === "unpriced"
    ? ["There is no price, so there is no cost. It is priced by itself as soon as a price for its date is added."]
    : ["Nothing was to be paid for."];
}

/** A correction may have brought the currency, where there was no price at first. */
const currencyOf = ({ record, corrections: later }: Explanation): string | null =>
  record.currency ?? later.find((each) => each.currency !== null)?.currency ?? null;

function lineTable(
  terminal: Screen,
  parts: Explanation["lines"],
  sum: string | null,
  currency: string | null,
): readonly string[] {
  return renderTable(
    terminal,
    parts,
    [
      {
        heading: "kind",
        text: (line) => (line.rated_as === line.kind ? line.kind : `${line.kind} as ${line.rated_as}`),
      },
      { heading: "count × price", align: "right", text: (line) => line.formula.replace(/ = [^=]*$/, "") },
      { heading: "= cost", align: "right", text: (line) => exact(line.amount, currency) },
    ],
    [["sum", "", exact(sum, currency)]],
  ).split("\n");
}

function savings(terminal: Screen, explanation: Explanation): readonly string[] {
  const currency = currencyOf(explanation);
  return renderTable(
    terminal,
    explanation.savings,
    [
      { heading: "kind", text: ({ kind }) => kind },
      {
        heading: "count × plain price − count × price",
        align: "right",
        text: ({ formula }) => formula.replace(/ = [^=]*$/, ""),
      },
      { heading: "= saved", align: "right", text: ({ amount }) => exact(amount, currency) },
    ],
    [["sum", "", exact(explanation.record.cache_savings, currency)]],
  ).split("\n");
}

const reasons: Readonly<Record<Explanation["corrections"][number]["reason"], string>> = {
  late_price: "priced later, when a price for its date was known",
  reprice: "priced again",
  reprice_undo: "the repricing was taken back",
  void: "voided",
};

/** Each correction: why, its own proof where it has one, and how the cost moved from what it was to what it is. */
function corrections(terminal: Screen, explanation: Explanation): readonly string[] {
  let before = pico(explanation.original_cost);
  return explanation.corrections.flatMap((each, at) => {
    const currency = each.currency ?? currencyOf(explanation);
    const after = before + pico(each.amount);
    const moved = `${exact(formatMoney(before), currency)} ${pico(each.amount) < 0n ? "−" : "+"} ${exact((each.amount ?? "0").replace(/^-/, ""), currency)} = ${exact(formatMoney(after), currency)}`;
    before = after;
    return [
      ...(at === 0 ? [] : [""]),
      `${each.created_at}  ${reasons[each.reason]}${each.repricing_id === null ? "" : ` (${printable(each.repricing_id)})`}`,
      ...(each.rule === null ? [] : [printable(each.rule)]),
      ...(each.lines.length === 0 ? [] : lineTable(terminal, each.lines, formatMoney(after), currency)),
      terminal.paint.bold(moved),
    ];
  });
}

function verdict({ paint }: Screen, { verified, record }: Explanation): string {
  if (record.cost_status === "unpriced")
    return paint.yellow("Unpriced is not zero: this record is in no sum of money.");
  return verified
    ? paint.green("✓ Every line was computed again just now, to the same digits.")
    : paint.red("✗ The lines do not give these digits when computed again: run cost-ops doctor.");
}

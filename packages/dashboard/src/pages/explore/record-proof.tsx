import type { Explanation } from "@llm-cost-ops/sdk";
import { Stack, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTimeZone } from "../../data/organization.ts";
import { sumDecimals } from "../../format/decimal.ts";
import { formatInstantExact } from "../../format/instants.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { formatCount } from "../../format/numbers.ts";
import { DataTable } from "../../table/data-table.tsx";

/** What it cost, with every digit, or why there is no such figure. */
export const costText = ({ record, totalCostExact }: Explanation): string =>
  record.costStatus === "unpriced" ? "Unpriced call" : formatMoneyExact(totalCostExact, record.currency);

export function CountedKinds({ record }: { record: Explanation["record"] }) {
  const kinds = Object.entries(record.quantities);
  if (kinds.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing that has a price.
      </Text>
    );
  }
  return (
    <>
      <DataTable
        name="Counts of each kind"
        rows={kinds}
        rowKey={([kind]) => kind}
        columns={[
          { key: "kind", label: "Kind", cell: ([kind]) => kind },
          { key: "count", label: "Count", numeric: true, cell: ([, quantity]) => formatCount(quantity) },
        ]}
      />
      <Text size="xs" c="dimmed" mt="xs">
        {formatCount(record.inputTokens)} input tokens ({formatCount(record.cachedTokens)} read from a cache,{" "}
        {formatCount(record.cacheWriteTokens)} written to one), {formatCount(record.outputTokens)} output tokens (
        {formatCount(record.reasoningTokens)} reasoning)
      </Text>
    </>
  );
}

type Line = Explanation["lines"][number];

interface Terms<Term> {
  readonly name: string;
  readonly lines: readonly Term[];
  readonly sum: string | null;
  readonly currency: string | null;
}

/** Count times price for each kind, and what they come to. */
export const PriceLines = (props: Terms<Line>) => (
  <TermTable
    {...props}
    headings={["Count × price", "Cost"]}
    kindOf={(line) => (
      <>
        {line.kind}
        {line.ratedAs === line.kind ? null : <span className="quiet"> as {line.ratedAs}</span>}
        {line.factors.map(({ reason, factor }) => (
          <span key={reason} className="quiet">
            {" "}
            × {factor} ({reason})
          </span>
        ))}
      </>
    )}
  />
);

/** What the cached tokens would have cost as plain input less what they cost, for each kind, and what that comes to. */
export const SavingLines = ({ proof, currency }: { readonly proof: Explanation; readonly currency: string | null }) => (
  <>
    <TermTable
      name="What caching saved on each kind"
      headings={["Count × plain price − count × price", "Saved"]}
      lines={proof.savings}
      kindOf={({ kind }) => kind}
      sum={proof.record.cacheSavingsExact}
      currency={currency}
    />
    <Text size="xs" c="dimmed" mt="xs">
      The plain price is that of fresh input in this very call.
      {proof.record.cacheSavingsExact?.startsWith("-") === true ? " Caching cost more here than it saved." : ""}
    </Text>
  </>
);

function TermTable<Term extends Pick<Line, "kind" | "formula" | "amountExact">>(
  props: Terms<Term> & {
    readonly headings: readonly [term: string, amount: string];
    readonly kindOf: (line: Term) => ReactNode;
  },
) {
  const { name, lines, sum, currency, headings, kindOf } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrolled by keys as well.
    <section className="scroll-x" tabIndex={0} aria-label={name}>
      <Table verticalSpacing={5} miw="26rem">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Kind</Table.Th>
            <Table.Th className="amount" style={{ whiteSpace: "normal" }}>
              {headings[0]}
            </Table.Th>
            <Table.Th className="amount">{headings[1]}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map((line) => (
            <Table.Tr key={`${line.kind} ${line.formula}`}>
              <Table.Td style={{ overflowWrap: "normal" }}>{kindOf(line)}</Table.Td>
              <Table.Td className="amount" style={{ whiteSpace: "normal" }}>
                {line.formula.replace(/ = [^=]*$/, "")}
              </Table.Td>
              <Table.Td className="amount">{formatMoneyExact(line.amountExact, currency)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
        <Table.Tfoot>
          <Table.Tr>
            <Table.Th scope="row" colSpan={2}>
              Sum
            </Table.Th>
            <Table.Th className="amount">{formatMoneyExact(sum, currency)}</Table.Th>
          </Table.Tr>
        </Table.Tfoot>
      </Table>
    </section>
  );
}

const reasons: Readonly<Record<Explanation["corrections"][number]["reason"], string>> = {
  late_price: "priced later, when a price for its date was known",
  reprice: "priced again",
  reprice_undo: "the repricing was taken back",
  void: "voided",
};

/** Each correction: why, its own lines where it has some, and how the cost moved. */
export function Corrections({ proof }: { proof: Explanation }) {
  const zone = useTimeZone();
  const { corrections, originalCostExact, record } = proof;
  const steps = corrections.map((each, at) => {
    const amounts = [originalCostExact, ...corrections.map(({ amountExact }) => amountExact)].map(
      (text) => text ?? "0",
    );
    const [before, after] = [sumDecimals(amounts.slice(0, at + 1)), sumDecimals(amounts.slice(0, at + 2))];
    return { each, currency: each.currency ?? record.currency, before, after };
  });
  return (
    <Stack gap="sm">
      {steps.map(({ each, currency, before, after }) => (
        <div key={each.id}>
          <Text size="sm">
            {formatInstantExact(each.createdAt, zone)}: {reasons[each.reason]}
            {each.repricingId === null ? "" : ` (${each.repricingId})`}
          </Text>
          {each.rule === null ? null : (
            <Text size="xs" c="dimmed">
              {each.rule}
            </Text>
          )}
          {each.lines.length === 0 ? null : (
            <PriceLines name={`Lines of ${each.id}`} lines={each.lines} sum={after} currency={currency} />
          )}
          <Text size="sm" fw={600}>
            {formatMoneyExact(before, currency)} {each.amountExact?.startsWith("-") ? "−" : "+"}{" "}
            {formatMoneyExact(each.amountExact?.replace(/^-/, "") ?? null, currency)} ={" "}
            {formatMoneyExact(after, currency)}
          </Text>
        </div>
      ))}
    </Stack>
  );
}

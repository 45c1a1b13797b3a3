import type { PriceRecord } from "@llm-cost-ops/sdk";
import { Table, Text } from "@mantine/core";
import { formatMoneyExact } from "../../format/money.ts";
import { rateMatrix } from "./price-table.ts";
import { conditionText, kindLabel, perText } from "./price-words.ts";

/** Every price of a version: kinds below one another, the situations that they hold in beside one another. */
export function RatesTable({ price, name }: { price: PriceRecord; name: string }) {
  const { situations, rows } = rateMatrix(price.rates);
  const { multipliers, currency, tierMode, contextBasis, rates } = price;
  const hasBands = rates.some(({ above }) => above !== null && above > 0);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrolled by keys as well. */}
      <section className="scroll-x" tabIndex={0} aria-label={name}>
        <Table verticalSpacing={5}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Kind</Table.Th>
              {situations.map((situation) => (
                <Table.Th key={situation} className="amount">
                  <bdi>{situation === "standard" ? (situations.length === 1 ? "Price" : "Standard") : situation}</bdi>
                </Table.Th>
              ))}
              <Table.Th />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(({ kind, per, prices }) => (
              <Table.Tr key={`${kind}/${per}`}>
                <Table.Td style={{ whiteSpace: "nowrap" }}>{kindLabel(kind)}</Table.Td>
                {situations.map((situation) => (
                  <Table.Td key={situation} className="amount">
                    {prices.has(situation) ? (
                      formatMoneyExact(prices.get(situation), currency)
                    ) : (
                      <span className="quiet">–</span>
                    )}
                  </Table.Td>
                ))}
                <Table.Td className="quiet" style={{ whiteSpace: "nowrap" }}>
                  {perText(kind, per)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
      {multipliers.length === 0 ? null : (
        <Text size="sm" mt="xs">
          {multipliers
            .map(({ factor, ...rest }) => `× ${factor} for ${conditionText({ ...rest, above: null, timeOfDay: null })}`)
            .join(", ")}
        </Text>
      )}
      {hasBands ? (
        <Text size="xs" c="dimmed" mt="xs">
          Above a threshold {tierMode === "whole_request" ? "the whole call has" : "only what is above it has"} the
          higher price; {contextBasis === "all_input" ? "all input counts" : "input from a cache does not count"}{" "}
          towards it.
        </Text>
      ) : null}
    </>
  );
}

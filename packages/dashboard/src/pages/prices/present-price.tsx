import { Anchor, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Link } from "wouter";
import { useTimeZone } from "../../data/organization.ts";
import { formatCount } from "../../format/numbers.ts";
import { Answer, Panel } from "../../shell/states.tsx";
import { unpricedDays, useResolved, useUnpricedModels } from "./price-questions.ts";
import { modelHref, validityText } from "./price-words.ts";
import { RatesTable } from "./rates-table.tsx";

/** Beside a form: what applies to this name today, and how many calls wait for a price. */
export function PresentPrice({ provider, model }: { provider: string; model: string }) {
  const [asked] = useDebouncedValue({ provider: provider.trim(), model: model.trim() }, 300);
  const isAsked = asked.provider !== "" && asked.model !== "";
  const resolved = useResolved(asked.provider, asked.model);
  const unpriced = useUnpricedModels();
  const waiting = (unpriced.data ?? []).find(
    (row) => row.provider === asked.provider && row.model.toLowerCase() === asked.model.toLowerCase(),
  );
  return (
    <Panel title="What applies today">
      {!isAsked ? (
        <Text size="sm" c="dimmed">
          Name a provider and a model to see the price that its calls have today.
        </Text>
      ) : (
        <Stack gap="sm">
          <Answer of={resolved} rows={4}>
            {({ price, rule, unpricedReason, detail, resolution }) =>
              price === null ? (
                <Text size="sm">
                  No price{unpricedReason === null ? "" : ` (${unpricedReason.replaceAll("_", " ")})`}.{" "}
                  {detail ?? resolution?.detail ?? ""}
                </Text>
              ) : (
                <>
                  <Text size="sm">
                    <Anchor component={Link} href={modelHref(price.provider, price.model)} inherit>
                      <bdi>{price.model}</bdi>
                    </Anchor>
                    , {price.source === "catalogue" ? "the catalogue’s" : "your own"}, <Validity price={price} />
                  </Text>
                  {resolution === null || resolution.model === asked.model ? null : (
                    <Text size="xs" c="dimmed">
                      {resolution.detail}
                    </Text>
                  )}
                  <RatesTable price={price} name="The price today" />
                  {rule === null ? null : (
                    <Text size="xs" c="dimmed">
                      {rule}
                    </Text>
                  )}
                </>
              )
            }
          </Answer>
          {waiting === undefined ? null : (
            <Text size="sm" fw={600}>
              {formatCount(waiting.calls)} {waiting.calls === 1 ? "call" : "calls"} of the last {unpricedDays} days{" "}
              {waiting.calls === 1 ? "waits" : "wait"} for this price.
            </Text>
          )}
        </Stack>
      )}
    </Panel>
  );
}

function Validity({ price }: { price: Parameters<typeof validityText>[0] }) {
  return <>{validityText(price, useTimeZone())}</>;
}

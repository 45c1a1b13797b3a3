import { Anchor, Button, Text } from "@mantine/core";
import { Link } from "wouter";
import { formatCount } from "../../format/numbers.ts";
import { useSession } from "../../session/session-context.tsx";
import { ErrorState, Panel } from "../../shell/states.tsx";
import { exploreFilterHref } from "./explore-link.ts";
import { type UnpricedModel, unpricedDays, useUnpricedModels } from "./price-questions.ts";
import { countedModels, newPriceHref } from "./price-words.ts";

const shownMax = 8;

/** Models that calls were recorded of and no price was found for; nothing where every call has its cost. */
export function UnpricedPanel() {
  const unpriced = useUnpricedModels();
  if (unpriced.error !== null) return <ErrorState error={unpriced.error} onRetry={() => void unpriced.refetch()} />;
  const models = unpriced.data ?? [];
  if (models.length === 0) return null;
  return (
    <Panel title={`${countedModels(models.length)} without a price`}>
      <Text size="sm" c="dimmed" mb="xs">
        Calls of the last {unpricedDays} days that are in no sum of money, because unpriced is not zero. They are priced
        by themselves as soon as there is a price for their date.
      </Text>
      <ul className="unpriced-list">
        {models.slice(0, shownMax).map((row) => (
          <UnpricedRow key={JSON.stringify([row.provider, row.model])} row={row} />
        ))}
      </ul>
      {models.length <= shownMax ? null : (
        <Text size="xs" c="dimmed" mt="xs">
          {formatCount(models.length - shownMax)} more with fewer calls:{" "}
          <Anchor component={Link} href={exploreFilterHref({ costStatus: ["unpriced"] })} inherit>
            see them in the explorer
          </Anchor>
        </Text>
      )}
    </Panel>
  );
}

function UnpricedRow({ row: { provider, model, calls } }: { row: UnpricedModel }) {
  const { may } = useSession();
  return (
    <li>
      <Text size="sm" className="clip" title={model}>
        <bdi>{model === "" ? "no model" : model}</bdi>{" "}
        <Text component="span" c="dimmed" inherit>
          {provider}
        </Text>
      </Text>
      <Anchor
        component={Link}
        size="sm"
        className="amount"
        href={exploreFilterHref({ model: [model], costStatus: ["unpriced"] })}
      >
        {formatCount(calls)} {calls === 1 ? "call" : "calls"}
      </Anchor>
      {may("prices:write") ? (
        <Button
          component={Link}
          href={newPriceHref(provider, model)}
          size="compact-sm"
          variant="default"
          aria-label={`Add a price for ${model}`}
        >
          Add a price
        </Button>
      ) : null}
    </li>
  );
}

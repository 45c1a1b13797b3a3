import "./explore.css";
import type { Explanation } from "@llm-cost-ops/sdk";
import { Anchor, Badge, Group, Text } from "@mantine/core";
import { Link, useSearch } from "wouter";
import { useAsk } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { formatInstantExact } from "../../format/instants.ts";
import { formatMoneyExact } from "../../format/money.ts";
import { formatCount } from "../../format/numbers.ts";
import { Facts } from "../../shell/facts.tsx";
import { Answer, BackLink, EmptyState, PageHeader, Panel } from "../../shell/states.tsx";
import { textField } from "../../url-state/fields.ts";
import { tagDimension } from "./dimensions.ts";
import { exploreAddress, exploreFields } from "./explore-state.ts";
import { Corrections, CountedKinds, costText, PriceLines, SavingLines } from "./record-proof.tsx";

/** Beside the record, the address of the list that led here. */
const readFields = { ...exploreFields, view: textField(), id: textField() };

/** The proof of what one call cost: what was reported, what was counted, which price, each line, the sum. */
export default function RecordPage() {
  const query = new URLSearchParams(useSearch());
  const id = query.get("id") ?? "";
  const explanation = useAsk<Explanation>(
    ["costs", "explain", id],
    (client, options) => client.usage.explain(id, options),
    {
      enabled: id !== "",
      keepsLast: false,
    },
  );
  // The address of the list that led here is this one without the record.
  query.delete("id");
  const back = `/explore${query.size === 0 ? "" : `?${query}`}`;
  return (
    <>
      <BackLink to={back}>Explore</BackLink>
      {id === "" ? (
        <EmptyState icon="explore" title="Which record?">
          The address names none. Open one from the list of records.
        </EmptyState>
      ) : (
        <Answer of={explanation} height={480}>
          {(proof) => <Proof proof={proof} />}
        </Answer>
      )}
    </>
  );
}

const statusColors = { priced: "teal", reported: "blue", unpriced: "yellow", void: "gray" } as const;

function Proof({ proof }: { proof: Explanation }) {
  const { record } = proof;
  return (
    <>
      <PageHeader title={costText(proof)} reads={readFields}>
        <Badge variant="dot" tt="none" color={statusColors[record.costStatus]}>
          {record.costStatus}
        </Badge>
        <Verdict proof={proof} />
      </PageHeader>
      <div className="proof">
        <Call proof={proof} />
        <div className="proof-steps">
          <Panel title="1. What was reported">
            <Reported proof={proof} />
          </Panel>
          <Panel title="2. What was counted, each token once">
            <CountedKinds record={record} />
          </Panel>
          <div className="proof-wide">
            <Panel title="3. Which price">
              <Price proof={proof} />
            </Panel>
          </div>
          <div className="proof-wide">
            <Panel title="4. The cost">
              <Cost proof={proof} />
            </Panel>
          </div>
          {proof.corrections.length === 0 ? null : (
            <div className="proof-wide">
              <Panel title="5. What was corrected since">
                <Corrections proof={proof} />
              </Panel>
            </div>
          )}
          {proof.savings.length === 0 ? null : (
            <div className="proof-wide">
              <Panel title={`${proof.corrections.length === 0 ? 5 : 6}. What caching saved`}>
                <SavingLines proof={proof} currency={currencyOf(proof)} />
              </Panel>
            </div>
          )}
        </div>
      </div>
    </>
  );
}

function Verdict({ proof: { record, verified } }: { proof: Explanation }) {
  if (record.costStatus === "unpriced") {
    return (
      <Text size="sm" c="dimmed">
        Unpriced is not zero: this record is in no sum of money.
      </Text>
    );
  }
  return (
    <Text size="sm" c="dimmed">
      {verified
        ? "✓ Every line was computed again just now, to the same digits."
        : "✗ The lines do not give these digits when computed again: run cost-ops doctor."}
    </Text>
  );
}

function Filtered({ dimension, value }: { dimension: string; value: string | null }) {
  if (value === null) return null;
  return (
    <Anchor component={Link} href={exploreAddress([{ dimension, value }])} inherit>
      <bdi>{value}</bdi>
    </Anchor>
  );
}

function Call({ proof: { record } }: { proof: Explanation }) {
  const zone = useTimeZone();
  const linked = (dimension: string, value: string | null) =>
    value === null ? null : <Filtered dimension={dimension} value={value} />;
  const tags = Object.entries(record.tags);
  const tagLinks =
    tags.length === 0 ? null : (
      <Group gap="4px 12px">
        {tags.map(([key, value]) => (
          <Anchor key={key} component={Link} href={exploreAddress([{ dimension: tagDimension(key), value }])} inherit>
            <bdi>{`${key}: ${value}`}</bdi>
          </Anchor>
        ))}
      </Group>
    );
  const metadata =
    Object.keys(record.metadata).length === 0 ? null : (
      <pre className="raw-usage">{JSON.stringify(record.metadata, null, 2)}</pre>
    );
  return (
    <Panel title="The call">
      <Facts
        facts={[
          ["Record", record.id],
          ["Provider", linked("provider", record.provider)],
          ["Model", linked("model", record.model)],
          ["Occurred", formatInstantExact(record.occurredAt, zone)],
          ["Received", `${formatInstantExact(record.receivedAt, zone)}, by ${record.source}`],
          ["Project", linked("project", record.projectId)],
          ["User", linked("user", record.userId)],
          ["API key", linked("apiKey", record.apiKeyId)],
          ["Tier", record.serviceTier],
          ["Region", record.region],
          ["Latency", record.latencyMs === null ? null : `${formatCount(Math.round(record.latencyMs))} ms`],
          ["Outcome", `${record.status}${record.stream ? ", streamed" : ""}; usage ${record.usageStatus}`],
          ["Tags", tagLinks],
          ["Metadata", metadata],
        ]}
      />
    </Panel>
  );
}

function Reported({ proof: { rawUsage, record } }: { proof: Explanation }) {
  if (rawUsage === null || rawUsage === undefined) {
    return (
      <Text size="sm" c="dimmed">
        {record.costStatus === "reported"
          ? "A cost that was priced elsewhere."
          : "The counts beside this, without the provider’s own usage object."}
      </Text>
    );
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be scrolled by keys as well.
    <section className="scroll-box" tabIndex={0} aria-label="The provider’s usage object">
      <pre className="raw-usage">{JSON.stringify(rawUsage, null, 2)}</pre>
    </section>
  );
}

function Price({ proof: { modelResolution, price, rule, record } }: { proof: Explanation }) {
  if (price === null && record.unpricedReason === null) {
    return (
      <Text size="sm" c="dimmed">
        {record.costStatus === "reported" ? "The cost was reported with the record." : "No price was needed."}
      </Text>
    );
  }
  return (
    <Facts
      facts={[
        ["Model", modelResolution === null ? null : `${modelResolution.detail} (${modelResolution.rule})`],
        ["Price", price === null ? null : `${price.provider} / ${price.model} in ${price.currency}, ${price.source}`],
        ["Valid", price === null ? null : validity(price.validFrom, price.validTo)],
        ["Version", price?.version ?? null],
        ["Because", rule],
        ["None, because", record.unpricedReason],
      ]}
    />
  );
}

const validity = (from: string | null, to: string | null): string =>
  `${from === null ? "since ever" : `from ${from}`}${to === null ? ", still in force" : ` until ${to}`}`;

function Cost({ proof }: { proof: Explanation }) {
  const { lines, originalCostExact, corrections, record } = proof;
  if (lines.length > 0) {
    return (
      <PriceLines name="The lines of the cost" lines={lines} sum={originalCostExact} currency={currencyOf(proof)} />
    );
  }
  const text =
    originalCostExact !== null
      ? `${formatMoneyExact(originalCostExact, currencyOf(proof))}, as it was reported.`
      : corrections.length > 0
        ? "There was no price when it was recorded."
        : record.costStatus === "unpriced"
          ? "There is no price, so there is no cost. It is priced by itself as soon as a price for its date is added."
          : "Nothing was to be paid for.";
  return <Text size="sm">{text}</Text>;
}

/** A correction may have brought the currency, where there was no price at first. */
const currencyOf = ({ record, corrections }: Explanation): string | null =>
  record.currency ?? corrections.find((each) => each.currency !== null)?.currency ?? null;

import { CostOpsError, type UsageRecord } from "@llm-cost-ops/sdk";
import { Anchor, Badge, Group, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { problemOf } from "../../data/ask.ts";
import { formatAgo } from "../../format/instants.ts";
import { formatMoney, formatMoneyExact } from "../../format/money.ts";
import { formatCount } from "../../format/numbers.ts";
import { useSession } from "../../session/session-context.tsx";
import { Panel } from "../../shell/states.tsx";

const shownMax = 12;

/** What is recorded, at the moment that it is. */
export function LiveArrivals() {
  const { client, organizationId } = useSession();
  const queries = useQueryClient();
  const [records, setRecords] = useState<readonly UsageRecord[]>([]);
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const leaving = new AbortController();
    const follow = async (): Promise<void> => {
      for await (const event of client.stream({ events: ["usage"] }, { signal: leaving.signal })) {
        if (event.type !== "usage.created") continue;
        setRecords((before) => [event.data, ...before].slice(0, shownMax));
        // Asked again where somebody goes to look; until then this page stays, which is there only before the first cost.
        void queries.invalidateQueries({ queryKey: [organizationId, "costs"], refetchType: "none" });
      }
    };
    follow().catch((error: unknown) => {
      if (leaving.signal.aborted) return;
      setProblem(error instanceof CostOpsError ? problemOf(error).text : String(error));
    });
    return () => leaving.abort();
  }, [client, organizationId, queries]);
  return (
    <Panel
      title="Arriving now"
      aside={
        <Badge variant="dot" tt="none" color={records.length > 0 ? "teal" : "gray"}>
          {records.length > 0 ? "live" : "waiting"}
        </Badge>
      }
    >
      <Stack gap="xs" aria-live="polite">
        {problem === undefined ? null : <Text c="red">{problem}</Text>}
        {records.length === 0 ? (
          <Text c="dimmed" size="sm">
            The first call shows up here as soon as it is recorded, with what it cost.
          </Text>
        ) : (
          <>
            {records.map(
              ({ id, provider, model, projectId, occurredAt, inputTokens, outputTokens, totalCostExact, currency }) => (
                <Group key={id} justify="space-between" wrap="nowrap" gap="xs">
                  <div style={{ minWidth: 0 }}>
                    <Text size="sm" className="clip">
                      <bdi>{model}</bdi>
                    </Text>
                    <Text size="xs" c="dimmed" className="clip">
                      {provider}
                      {projectId === null ? "" : `, ${projectId}`}, {formatAgo(occurredAt, Date.now())}
                    </Text>
                  </div>
                  <div>
                    <Text size="sm" fw={600} className="amount" title={formatMoneyExact(totalCostExact, currency)}>
                      {totalCostExact === null ? "unpriced" : formatMoney(totalCostExact, currency)}
                    </Text>
                    <Text size="xs" c="dimmed" className="amount">
                      {formatCount(inputTokens)} in, {formatCount(outputTokens)} out
                    </Text>
                  </div>
                </Group>
              ),
            )}
            <Anchor
              size="sm"
              component={Link}
              href="/"
              onClick={() => void queries.invalidateQueries({ queryKey: [organizationId, "costs"] })}
            >
              See all of it on the overview
            </Anchor>
          </>
        )}
      </Stack>
    </Panel>
  );
}

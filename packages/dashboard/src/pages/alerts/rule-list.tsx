import type { AlertRule } from "@llm-cost-ops/sdk";
import { Anchor, Badge, Button, Text } from "@mantine/core";
import { Link } from "wouter";
import { useBudgets } from "../../data/budgets.ts";
import { useSession } from "../../session/session-context.tsx";
import { Answer, EmptyState } from "../../shell/states.tsx";
import { useChannels, useRules } from "./alert-questions.ts";
import { ruleText } from "./alert-words.ts";
import { SeverityBadge } from "./inbox.tsx";
import "./alerts.css";

/** What is watched, and who is told. */
export function RuleList() {
  const rules = useRules();
  // The names in them are asked for at once, not after the rules are here.
  useBudgets();
  useChannels();
  const { may } = useSession();
  return (
    <section className="panel" aria-label="Rules">
      <Answer of={rules} height={200}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState
              icon="alerts"
              title="Nothing is watched yet"
              action={
                may("alerts:write") ? (
                  <Button component={Link} href="/alerts/rules/new">
                    Make the first rule
                  </Button>
                ) : undefined
              }
            >
              A rule opens an alert when budgets reach their thresholds, or when a cost, a rate of errors or the tokens
              do.
            </EmptyState>
          ) : (
            <Rules rules={all} />
          )
        }
      </Answer>
    </section>
  );
}

/** Channels by name; who may not read them is told how many there are. */
function toldText(ids: readonly string[], names: ReadonlyMap<string, string>): string {
  if (names.size === 0 && ids.length > 0) return ids.length === 1 ? "one channel" : `${ids.length} channels`;
  return ids.map((id) => names.get(id) ?? id).join(", ");
}

function Rules({ rules }: { rules: readonly AlertRule[] }) {
  const budgets = useBudgets();
  const channels = useChannels();
  const budgetNames = new Map((budgets.data ?? []).map(({ id, name }) => [id, name]));
  const channelNames = new Map((channels.data ?? []).map(({ id, name }) => [id, name]));
  return (
    <ul className="alert-list">
      {rules.map((rule) => {
        const text = ruleText(rule, rule.budgetId === null ? undefined : budgetNames.get(rule.budgetId));
        const told = toldText(rule.channels, channelNames);
        return (
          <li key={rule.id} className="alert-row rule-row">
            <div style={{ minWidth: 0 }}>
              <Anchor
                component={Link}
                href={`/alerts/rules/${encodeURIComponent(rule.id)}`}
                c="var(--mantine-color-text)"
                size="sm"
                fw={500}
                className="clip"
                display="block"
                title={rule.name}
              >
                <bdi>{rule.name}</bdi>
              </Anchor>
              <Text size="xs" c="dimmed" lineClamp={2} title={text}>
                <bdi>{text}</bdi>
              </Text>
            </div>
            <div>
              <SeverityBadge severity={rule.severity} />
            </div>
            <Text size="xs" c="dimmed" className="clip" title={told}>
              {told === "" ? "no channel" : <bdi>{told}</bdi>}
            </Text>
            <div>
              {rule.enabled ? null : (
                <Badge size="sm" variant="default" tt="none">
                  off
                </Badge>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

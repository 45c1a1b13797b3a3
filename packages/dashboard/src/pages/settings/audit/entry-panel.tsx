import type { AuditEntry } from "@llm-cost-ops/sdk";
import { Button, Group, Text, Title } from "@mantine/core";
import { formatInstantExact } from "../../../format/instants.ts";
import { Facts } from "../../../shell/facts.tsx";
import { SidePanel } from "../../../shell/side-panel.tsx";
import type { ChangeState } from "../../../url-state/use-url-state.ts";
import { type AuditState, noFilters } from "./audit-questions.ts";
import { type Difference, differencesOf } from "./difference.ts";
import { actorKindText, actorText, OutcomeBadge } from "./entry-words.tsx";

/** One entry with what it changed, and the way to everything else of the same person or thing. */
export function EntryPanel(props: {
  readonly entry: AuditEntry | undefined;
  readonly change: ChangeState<AuditState>;
  readonly zone: string;
}) {
  const { entry, change, zone } = props;
  return (
    <SidePanel title="Audit entry" size="xl" isOpen={entry !== undefined} onClose={() => change({ entry: "" })}>
      {entry === undefined ? null : <OneEntry entry={entry} change={change} zone={zone} />}
    </SidePanel>
  );
}

function OneEntry({ entry, change, zone }: { entry: AuditEntry; change: ChangeState<AuditState>; zone: string }) {
  const { resourceType, resourceId, actorKind, actorId } = entry;
  const differences = differencesOf(entry.before, entry.after);
  const whose = actorKind === "user" ? { user: actorId ?? "" } : actorKind === "key" ? { key: actorId ?? "" } : null;
  return (
    <>
      <div>
        <Title order={2} fz="lg" mb={4}>
          {entry.action}
        </Title>
        <OutcomeBadge outcome={entry.outcome} />
      </div>
      <Facts
        facts={{
          When: formatInstantExact(entry.timestamp, zone),
          Who: (
            <bdi>
              {actorText(entry)} ({actorKindText(entry)})
            </bdi>
          ),
          Of: (
            <bdi>
              {resourceType} {resourceId}
            </bdi>
          ),
          From: entry.clientAddress,
          Program: entry.userAgent === null ? null : <bdi>{entry.userAgent}</bdi>,
          Request: entry.requestId === null ? null : <code>{entry.requestId}</code>,
        }}
      />
      <Group gap="xs">
        {resourceId === null ? null : (
          <Button
            size="xs"
            variant="default"
            onClick={() => change({ ...noFilters, type: resourceType, resource: resourceId, entry: "" })}
          >
            All that happened to it
          </Button>
        )}
        {whose === null ? null : (
          <Button size="xs" variant="default" onClick={() => change({ ...noFilters, ...whose, entry: "" })}>
            All that they did
          </Button>
        )}
      </Group>
      <section aria-label="What changed">
        <Title order={3} fz="sm" mb="xs">
          What changed
        </Title>
        {differences.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nothing that is kept: it was looked at, tried or done without a trace of its own.
          </Text>
        ) : (
          <Differences differences={differences} />
        )}
      </section>
      <Facts
        facts={{
          "Entry number": String(entry.seq),
          "Hash before": <code>{entry.previousHash}</code>,
          Hash: <code>{entry.hash}</code>,
        }}
      />
    </>
  );
}

function Differences({ differences }: { differences: readonly Difference[] }) {
  return (
    <table className="settings-difference">
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {differences.map(({ path, before, after }) => (
          <tr key={path}>
            <th scope="row">{path === "" ? "value" : path}</th>
            <td className={before === undefined ? "quiet" : "is-before"}>
              <bdi>{before ?? "–"}</bdi>
            </td>
            <td className={after === undefined ? "quiet" : "is-after"}>
              <bdi>{after ?? "–"}</bdi>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

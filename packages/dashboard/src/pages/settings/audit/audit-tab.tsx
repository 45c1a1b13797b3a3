import type { AuditEntry } from "@llm-cost-ops/sdk";
import { Button, Group } from "@mantine/core";
import { useAskPages } from "../../../data/ask.ts";
import { formatInstantExact } from "../../../format/instants.ts";
import { PeriodPicker } from "../../../period/period-picker.tsx";
import { usePeriod } from "../../../period/use-period.ts";
import { Name } from "../../../shell/name.tsx";
import { ErrorState, Loading, Panel } from "../../../shell/states.tsx";
import { type Column, DataTable } from "../../../table/data-table.tsx";
import { useUrlState } from "../../../url-state/use-url-state.ts";
import { AuditFilterRow } from "./audit-filter-row.tsx";
import { auditFields, auditQuestion } from "./audit-questions.ts";
import { EntryPanel } from "./entry-panel.tsx";
import { actorKindText, actorText, OutcomeBadge } from "./entry-words.tsx";
import { ExportMenu } from "./export-menu.tsx";
import { VerifyPanel } from "./verify-panel.tsx";

const pageLength = 100;

export default function AuditTab() {
  const [state, change] = useUrlState(auditFields);
  const period = usePeriod(state.period);
  const question = auditQuestion(state, period);
  const entries = useAskPages(["audit", question], (client, { cursor, ...options }) =>
    client.audit.list({ ...question, limit: pageLength, cursor }, options),
  );
  const { data: all, error, hasNextPage, isFetchingNextPage, fetchNextPage } = entries;
  return (
    <div className="settings-stack">
      <VerifyPanel />
      <Panel
        title="Audit trail"
        aside={
          <Group gap="xs">
            <PeriodPicker value={state.period} period={period} onChange={(chosen) => change({ period: chosen })} />
            <ExportMenu question={question} />
          </Group>
        }
      >
        <AuditFilterRow state={state} change={change} actions={(all ?? []).map(({ action }) => action)} />
        {error !== null && all === undefined ? (
          <ErrorState error={error} onRetry={() => void entries.refetch()} />
        ) : all === undefined ? (
          <Loading height={320} />
        ) : (
          <>
            <DataTable
              name="Audit trail"
              columns={entryColumns(period.timezone)}
              rows={all}
              rowKey={({ seq }) => String(seq)}
              onPick={({ seq }) => change({ entry: String(seq) })}
              maxHeight={640}
              empty="Nothing was changed in this period, or nothing that these filters keep."
            />
            {hasNextPage ? (
              <Group justify="center" mt="sm">
                <Button variant="default" size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                  Show earlier entries
                </Button>
              </Group>
            ) : null}
            <EntryPanel
              entry={all.find(({ seq }) => String(seq) === state.entry)}
              change={change}
              zone={period.timezone}
            />
          </>
        )}
      </Panel>
    </div>
  );
}

const entryColumns = (zone: string): readonly Column<AuditEntry>[] => [
  { key: "time", label: "When", cell: ({ timestamp }) => formatInstantExact(timestamp, zone) },
  { key: "action", label: "What", cell: ({ action }) => <Name text={action} /> },
  {
    key: "resource",
    label: "Of",
    cell: ({ resourceType, resourceId }) => <Name text={`${resourceType} ${resourceId ?? ""}`.trim()} />,
  },
  {
    key: "actor",
    label: "Who",
    cell: (entry) => <Name text={`${actorText(entry)} (${actorKindText(entry)})`} />,
  },
  { key: "address", label: "From", cell: ({ clientAddress }) => clientAddress ?? <span className="quiet">–</span> },
  { key: "outcome", label: "Outcome", cell: ({ outcome }) => <OutcomeBadge outcome={outcome} /> },
];

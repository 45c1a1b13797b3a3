import type { Webhook } from "@llm-cost-ops/sdk";
import { Button } from "@mantine/core";
import { useState } from "react";
import { useAsk } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { StateBadge } from "../../../delivery/state-badge.tsx";
import { formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Dialog } from "../../../shell/dialog.tsx";
import { Icon } from "../../../shell/icons.tsx";
import { Name } from "../../../shell/name.tsx";
import { Answer, EmptyState, Panel } from "../../../shell/states.tsx";
import { type Column, DataTable } from "../../../table/data-table.tsx";
import { choiceField, textField } from "../../../url-state/fields.ts";
import { useUrlState } from "../../../url-state/use-url-state.ts";
import { deliveryFilters } from "../delivery-log.tsx";
import { OneWebhook } from "./one-webhook.tsx";
import { WebhookForm } from "./webhook-form.tsx";

export const webhooksFields = { webhook: textField(), delivery: textField(), status: choiceField(deliveryFilters) };

export default function WebhooksTab() {
  const [state, change] = useUrlState(webhooksFields);
  const { may } = useSession();
  const zone = useTimeZone();
  const webhooks = useAsk(["webhooks"], (client, options) => client.webhooks.list(options));
  const [isAdding, setAdding] = useState(false);
  const add = may("webhooks:write") ? (
    <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setAdding(true)}>
      New webhook
    </Button>
  ) : undefined;
  return (
    <>
      <Answer of={webhooks} height={200}>
        {(all) => {
          const webhook = all.find(({ id }) => id === state.webhook);
          if (webhook !== undefined) return <OneWebhook webhook={webhook} state={state} change={change} />;
          return (
            <Panel title="Webhooks" aside={all.length === 0 ? undefined : add}>
              {all.length === 0 ? (
                <EmptyState icon="webhooks" title="No webhook yet" action={add}>
                  An address that is told of calls, costs, budgets and alerts as they happen, with signed messages.
                </EmptyState>
              ) : (
                <DataTable
                  name="Webhooks"
                  columns={webhookColumns(zone)}
                  rows={all}
                  rowKey={({ id }) => id}
                  onPick={({ id }) => change({ webhook: id })}
                  maxHeight={640}
                />
              )}
            </Panel>
          );
        }}
      </Answer>
      <Dialog title="New webhook" size="lg" isOpen={isAdding} onClose={() => setAdding(false)}>
        <WebhookForm
          onClose={(id) => {
            setAdding(false);
            if (id !== undefined) change({ webhook: id });
          }}
        />
      </Dialog>
    </>
  );
}

const webhookColumns = (zone: string): readonly Column<Webhook>[] => [
  { key: "url", label: "Address", cell: ({ url }) => <Name isWide text={url} />, sortBy: ({ url }) => url },
  { key: "state", label: "State", cell: (webhook) => <StateBadge address={webhook} /> },
  {
    key: "events",
    label: "Events",
    numeric: true,
    cell: ({ events }) => <span title={events.join(", ")}>{events.length}</span>,
    sortBy: ({ events }) => String(events.length),
  },
  { key: "description", label: "Description", cell: ({ description }) => <Name text={description || "–"} /> },
  {
    key: "created",
    label: "Created",
    cell: ({ createdAt }) => formatInstant(createdAt, zone),
    sortBy: ({ createdAt }) => createdAt,
  },
];

import type { ApiKey } from "@llm-cost-ops/sdk";
import { Button, Group, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { useAsk } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { formatAgo, formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Icon } from "../../../shell/icons.tsx";
import { Name } from "../../../shell/name.tsx";
import { Answer, Panel } from "../../../shell/states.tsx";
import { type Column, DataTable } from "../../../table/data-table.tsx";
import { flagField, textField } from "../../../url-state/fields.ts";
import { useUrlState } from "../../../url-state/use-url-state.ts";
import { CreateKeyDialog } from "./create-key-dialog.tsx";
import { KeyPanel, KeyStateBadge } from "./key-panel.tsx";
import { keysInOrder, works } from "./key-words.ts";

export const keysFields = { key: textField(), q: textField(), ended: flagField(false) };

export default function KeysTab() {
  const [state, change] = useUrlState(keysFields);
  const { may } = useSession();
  const keys = useAsk(["api-keys"], (client, options) => client.apiKeys.list(options));
  const [isCreating, setCreating] = useState(false);
  const zone = useTimeZone();
  const nowMs = Date.now();
  return (
    <Panel
      title="API keys"
      aside={
        <Group gap="xs">
          <Switch
            label="Also ended ones"
            size="xs"
            checked={state.ended}
            onChange={({ currentTarget }) => change({ ended: currentTarget.checked })}
          />
          <TextInput
            size="xs"
            aria-label="Search keys"
            placeholder="Search"
            value={state.q}
            onChange={({ currentTarget }) => change({ q: currentTarget.value }, { replace: true })}
          />
          {may("keys:write") ? (
            <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setCreating(true)}>
              New key
            </Button>
          ) : null}
        </Group>
      }
    >
      <Answer of={keys} height={240}>
        {(all) => {
          const shown = keysInOrder(all, nowMs).filter(
            (key) => (state.ended || works(key, nowMs)) && isFound(key, state.q),
          );
          return (
            <>
              <DataTable
                name="API keys"
                columns={keyColumns(zone)}
                rows={shown}
                rowKey={({ id }) => id}
                onPick={({ id }) => change({ key: id })}
                maxHeight={640}
                empty={state.q === "" ? "No key works at the moment." : "No key is found by these words."}
              />
              <KeyPanel apiKey={all.find(({ id }) => id === state.key)} onClose={() => change({ key: "" })} />
            </>
          );
        }}
      </Answer>
      <CreateKeyDialog isOpen={isCreating} onClose={() => setCreating(false)} />
    </Panel>
  );
}

const isFound = ({ name, prefix, projectId }: ApiKey, words: string): boolean =>
  `${name} ${prefix} ${projectId ?? ""}`.toLowerCase().includes(words.trim().toLowerCase());

function keyColumns(zone: string): readonly Column<ApiKey>[] {
  const nowMs = Date.now();
  return [
    { key: "name", label: "Name", cell: ({ name }) => <Name text={name} />, sortBy: ({ name }) => name },
    { key: "prefix", label: "Begins with", cell: ({ prefix }) => <code>{prefix}…</code> },
    { key: "state", label: "State", cell: (key) => <KeyStateBadge apiKey={key} /> },
    {
      key: "scopes",
      label: "Permissions",
      numeric: true,
      cell: ({ scopes }) => <span title={scopes.join(", ")}>{scopes.length}</span>,
      sortBy: ({ scopes }) => String(scopes.length),
    },
    {
      key: "project",
      label: "Project",
      cell: ({ projectId }) => (projectId === null ? <span className="quiet">any</span> : <Name text={projectId} />),
      sortBy: ({ projectId }) => projectId,
    },
    {
      key: "used",
      label: "Used last",
      cell: ({ lastUsedAt }) =>
        lastUsedAt === null ? (
          <span className="quiet">never</span>
        ) : (
          <span title={formatInstant(lastUsedAt, zone)}>{formatAgo(lastUsedAt, nowMs)}</span>
        ),
      sortBy: ({ lastUsedAt }) => lastUsedAt,
    },
    {
      key: "ends",
      label: "Ends",
      cell: ({ expiresAt }) =>
        expiresAt === null ? <span className="quiet">never</span> : formatInstant(expiresAt, zone),
      sortBy: ({ expiresAt }) => expiresAt,
    },
    {
      key: "created",
      label: "Created",
      cell: ({ createdAt }) => formatInstant(createdAt, zone),
      sortBy: ({ createdAt }) => createdAt,
    },
  ];
}

import type { Member } from "@llm-cost-ops/sdk";
import { Badge, Button, Group, TextInput } from "@mantine/core";
import { useState } from "react";
import { useAsk } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Icon } from "../../../shell/icons.tsx";
import { Name } from "../../../shell/name.tsx";
import { Answer, Panel } from "../../../shell/states.tsx";
import { type Column, DataTable } from "../../../table/data-table.tsx";
import { textField } from "../../../url-state/fields.ts";
import { useUrlState } from "../../../url-state/use-url-state.ts";
import { InvitationsPanel } from "./invitations-panel.tsx";
import { InviteDialog } from "./invite-dialog.tsx";
import { MemberPanel } from "./member-panel.tsx";
import { scopeText } from "./scope-words.ts";

export const membersFields = { member: textField(), q: textField() };

export default function MembersTab() {
  const [state, change] = useUrlState(membersFields);
  const { may, organizationId } = useSession();
  const members = useAsk(["members"], (client, options) => client.organizations.members.list(organizationId, options));
  const zone = useTimeZone();
  const [isInviting, setInviting] = useState(false);
  return (
    <div className="settings-stack">
      <Panel
        title="Members"
        aside={
          <Group gap="xs">
            <TextInput
              size="xs"
              aria-label="Search members"
              placeholder="Search"
              value={state.q}
              onChange={({ currentTarget }) => change({ q: currentTarget.value }, { replace: true })}
            />
            {may("members:write") ? (
              <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setInviting(true)}>
                Invite
              </Button>
            ) : null}
          </Group>
        }
      >
        <Answer of={members} height={200}>
          {(all) => (
            <>
              <DataTable
                name="Members"
                columns={memberColumns(zone)}
                rows={all.filter((member) => isFound(member, state.q))}
                rowKey={({ userId }) => userId}
                onPick={({ userId }) => change({ member: userId })}
                maxHeight={560}
                empty={
                  state.q === ""
                    ? "Nobody belongs to the organization yet. Programs need none: they have API keys."
                    : "Nobody is found by these words."
                }
              />
              <MemberPanel
                member={all.find(({ userId }) => userId === state.member)}
                onClose={() => change({ member: "" })}
              />
            </>
          )}
        </Answer>
      </Panel>
      <InvitationsPanel />
      <InviteDialog isOpen={isInviting} onClose={() => setInviting(false)} />
    </div>
  );
}

const isFound = ({ email, name, roles }: Member, words: string): boolean =>
  `${email} ${name ?? ""} ${roles.map(({ role }) => role).join(" ")}`
    .toLowerCase()
    .includes(words.trim().toLowerCase());

const memberColumns = (zone: string): readonly Column<Member>[] => [
  { key: "email", label: "E-mail", cell: ({ email }) => <Name text={email} />, sortBy: ({ email }) => email },
  { key: "name", label: "Name", cell: ({ name }) => <Name text={name ?? "–"} />, sortBy: ({ name }) => name },
  {
    key: "roles",
    label: "Roles",
    cell: ({ roles }) => (
      <Name isWide text={roles.map(({ role, scope }) => `${role} ${scopeText(scope)}`).join(", ") || "none"} />
    ),
    sortBy: ({ roles }) => roles.map(({ role }) => role).join(" "),
  },
  {
    key: "state",
    label: "State",
    cell: ({ disabled }) => (
      <Badge size="sm" variant="dot" tt="none" color={disabled ? "gray" : "teal"}>
        {disabled ? "Disabled" : "Active"}
      </Badge>
    ),
  },
  {
    key: "joined",
    label: "Joined",
    cell: ({ joinedAt }) => formatInstant(joinedAt, zone),
    sortBy: ({ joinedAt }) => joinedAt,
  },
];

import type { AssignRoleParams, Member } from "@llm-cost-ops/sdk";
import { Button, Group, Text, Title } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct, useAsk } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { ConfirmDialog } from "../../../shell/confirm-dialog.tsx";
import { Dialog, DialogForm } from "../../../shell/dialog.tsx";
import { Facts } from "../../../shell/facts.tsx";
import { SidePanel } from "../../../shell/side-panel.tsx";
import { Answer, ErrorState } from "../../../shell/states.tsx";
import { SessionRows } from "../session-rows.tsx";
import { grantOf, isWhole, noRole, RoleFields } from "./role-fields.tsx";
import { scopeText } from "./scope-words.ts";

/** One member: their roles, where they are signed in, and leaving. */
export function MemberPanel({ member, onClose }: { member: Member | undefined; onClose: () => void }) {
  return (
    <SidePanel title="Member" isOpen={member !== undefined} onClose={onClose}>
      {member === undefined ? null : <OneMember key={member.userId} member={member} onClose={onClose} />}
    </SidePanel>
  );
}

function OneMember({ member, onClose }: { member: Member; onClose: () => void }) {
  const zone = useTimeZone();
  const { may, whoami, organizationId } = useSession();
  const [asks, setAsks] = useState<"assign" | "remove">();
  const { userId, email } = member;
  const sessions = useAsk(["sessions", userId], (client, options) => client.users.sessions(userId, options));
  const removeRole = useAct(
    (client, scope: string) => client.organizations.members.removeRole(organizationId, userId, scope),
    ["members"],
  );
  const remove = useAct(
    (client) => client.organizations.members.remove(organizationId, userId),
    ["members", "invitations"],
  );
  const end = useAct((client, id: string) => client.users.revokeSession(userId, id), ["sessions"]);
  const mayChange = may("members:write");
  return (
    <>
      <Title order={2} fz="lg">
        <bdi>{email}</bdi>
      </Title>
      <Facts
        facts={{
          Name: member.name === null ? null : <bdi>{member.name}</bdi>,
          Id: <code>{userId}</code>,
          Joined: formatInstant(member.joinedAt, zone),
          State: member.disabled ? "Disabled: may not sign in" : null,
        }}
      />
      <section aria-label="Roles">
        <Group justify="space-between" mb={4}>
          <Title order={3} fz="sm">
            Roles
          </Title>
          {mayChange ? (
            <Button size="compact-sm" variant="default" onClick={() => setAsks("assign")}>
              Give a role
            </Button>
          ) : null}
        </Group>
        <ul className="settings-rows">
          {member.roles.map(({ role, scope }) => (
            <li key={scope}>
              <Text size="sm">
                <strong>{role}</strong> <bdi>{scopeText(scope)}</bdi>
              </Text>
              {mayChange ? (
                <Button
                  size="compact-sm"
                  variant="default"
                  loading={removeRole.isPending && removeRole.variables === scope}
                  aria-label={`Take away ${role} ${scopeText(scope)}`}
                  onClick={() => removeRole.mutate(scope)}
                >
                  Take away
                </Button>
              ) : null}
            </li>
          ))}
        </ul>
        {removeRole.error === null ? null : <ErrorState error={removeRole.error} />}
      </section>
      <section aria-label="Sessions">
        <Title order={3} fz="sm" mb={4}>
          Signed in
        </Title>
        <Answer of={sessions} rows={2}>
          {(all) => (
            <SessionRows
              sessions={all}
              isBusy={(id) => end.isPending && end.variables === id}
              {...(mayChange ? { onEnd: (id: string) => end.mutate(id) } : {})}
            />
          )}
        </Answer>
        {end.error === null ? null : <ErrorState error={end.error} />}
      </section>
      {mayChange ? (
        <Group>
          <Button variant="default" c="var(--mantine-color-error)" onClick={() => setAsks("remove")}>
            Remove from the organization
          </Button>
        </Group>
      ) : null}
      <Dialog title="Give a role" isOpen={asks === "assign"} onClose={() => setAsks(undefined)}>
        <AssignRole userId={userId} onClose={() => setAsks(undefined)} />
      </Dialog>
      <ConfirmDialog
        isOpen={asks === "remove"}
        title="Remove the member"
        verb="Remove the member"
        name={email}
        isBusy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
        onClose={() => setAsks(undefined)}
      >
        Their roles and sessions in this organization end at once, and invitations that they made are revoked.
        {whoami.id === userId ? " It is you: you are signed out by it." : ""}
      </ConfirmDialog>
    </>
  );
}

function AssignRole({ userId, onClose }: { userId: string; onClose: () => void }) {
  const { organizationId } = useSession();
  const [choice, setChoice] = useState(noRole);
  const assign = useAct(
    (client, params: AssignRoleParams) => client.organizations.members.assignRole(organizationId, params),
    ["members"],
  );
  return (
    <DialogForm
      verb="Give the role"
      isBusy={assign.isPending}
      error={assign.error}
      canSend={isWhole(choice)}
      onClose={onClose}
      onSend={() => assign.mutate({ userId, ...grantOf(choice) }, { onSuccess: onClose })}
    >
      <Text size="sm" c="dimmed">
        It takes the place of the role that the member has there.
      </Text>
      <RoleFields value={choice} onChange={setChoice} errors={fieldErrorsOf(assign.error)} />
    </DialogForm>
  );
}

import type { Invitation } from "@llm-cost-ops/sdk";
import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { useAct, useAsk } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { ConfirmDialog } from "../../../shell/confirm-dialog.tsx";
import { Answer, Panel } from "../../../shell/states.tsx";
import { scopeText } from "./scope-words.ts";

/** Who was asked and has not answered; nothing where nobody was. */
export function InvitationsPanel() {
  const { may, organizationId } = useSession();
  const zone = useTimeZone();
  const [asked, setAsked] = useState<Invitation>();
  const invitations = useAsk(["invitations"], (client, options) =>
    client.organizations.members.invitations(organizationId, options),
  );
  const revoke = useAct(
    (client, id: string) => client.organizations.members.revokeInvitation(organizationId, id),
    ["invitations"],
  );
  return (
    <Panel title="Invitations">
      <Answer of={invitations} rows={2}>
        {(all) => {
          const pending = all.filter(({ status }) => status === "pending");
          return pending.length === 0 ? (
            <Text size="sm" c="dimmed">
              Nobody is invited at the moment.
            </Text>
          ) : (
            <ul className="settings-rows">
              {pending.map((invitation) => (
                <li key={invitation.id}>
                  <div>
                    <Text size="sm" fw={500} className="clip" title={invitation.userEmail}>
                      <bdi>{invitation.userEmail}</bdi>
                    </Text>
                    <Text size="xs" c="dimmed">
                      <bdi>
                        {invitation.role} {scopeText(invitation.scope)}
                      </bdi>
                      , until {formatInstant(invitation.expiresAt, zone)}
                    </Text>
                  </div>
                  {may("members:write") ? (
                    <Button
                      size="compact-sm"
                      variant="default"
                      aria-label={`Revoke the invitation of ${invitation.userEmail}`}
                      onClick={() => setAsked(invitation)}
                    >
                      Revoke
                    </Button>
                  ) : null}
                </li>
              ))}
            </ul>
          );
        }}
      </Answer>
      <ConfirmDialog
        isOpen={asked !== undefined}
        title="Revoke the invitation"
        verb="Revoke the invitation"
        isBusy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => revoke.mutate(asked?.id ?? "", { onSuccess: () => setAsked(undefined) })}
        onClose={() => setAsked(undefined)}
      >
        <bdi>{asked?.userEmail}</bdi> cannot become a member by it any more.
      </ConfirmDialog>
    </Panel>
  );
}

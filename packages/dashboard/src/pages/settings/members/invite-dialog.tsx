import type { InviteParams } from "@llm-cost-ops/sdk";
import { Select, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct } from "../../../data/ask.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Dialog, DialogForm } from "../../../shell/dialog.tsx";
import { SecretOnce } from "../secret-once.tsx";
import { grantOf, isWhole, noRole, RoleFields } from "./role-fields.tsx";

export function InviteDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Invite somebody" isOpen={isOpen} onClose={onClose}>
      <Invite onClose={onClose} />
    </Dialog>
  );
}

function Invite({ onClose }: { onClose: () => void }) {
  const { organizationId } = useSession();
  const [userEmail, setEmail] = useState("");
  const [choice, setChoice] = useState(noRole);
  const [days, setDays] = useState("7");
  const invite = useAct(
    (client, params: InviteParams) => client.organizations.members.invite(organizationId, params),
    ["invitations"],
  );
  const errors = fieldErrorsOf(invite.error);
  if (invite.data !== undefined) {
    return (
      <SecretOnce what="invitation" secret={invite.data.token} onClose={onClose}>
        <Text size="sm">
          Hand it to <bdi>{invite.data.userEmail}</bdi> yourself: the server sends no mail for it. It is taken by{" "}
          <code>cost-ops auth accept-invitation</code>, which asks for a password.
        </Text>
      </SecretOnce>
    );
  }
  return (
    <DialogForm
      verb="Invite"
      isBusy={invite.isPending}
      error={invite.error}
      canSend={userEmail.trim() !== "" && isWhole(choice)}
      onClose={onClose}
      onSend={() => invite.mutate({ userEmail: userEmail.trim(), ...grantOf(choice), expiresInDays: Number(days) })}
    >
      <TextInput
        label="E-mail"
        type="email"
        required
        data-autofocus
        value={userEmail}
        error={errors["userEmail"]}
        onChange={({ currentTarget }) => setEmail(currentTarget.value)}
      />
      <RoleFields value={choice} onChange={setChoice} errors={errors} />
      <Select
        label="Good for"
        allowDeselect={false}
        data={[
          { value: "1", label: "A day" },
          { value: "7", label: "A week" },
          { value: "30", label: "30 days" },
        ]}
        value={days}
        error={errors["expiresInDays"]}
        onChange={(value) => setDays(value ?? "7")}
      />
    </DialogForm>
  );
}

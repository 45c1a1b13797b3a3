import { Button, Group, PasswordInput, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct } from "../../../data/ask.ts";
import { useSession } from "../../../session/session-context.tsx";
import { ErrorState, Panel } from "../../../shell/states.tsx";

export function PasswordPanel() {
  const { whoami } = useSession();
  const [currentPassword, setCurrent] = useState("");
  const [newPassword, setNew] = useState("");
  const [again, setAgain] = useState("");
  const save = useAct(
    (client, params: { currentPassword: string; newPassword: string }) => client.auth.changePassword(params),
    ["sessions"],
  );
  const errors = fieldErrorsOf(save.error);
  const differs = again !== "" && again !== newPassword;
  const clear = (): void => {
    setCurrent("");
    setNew("");
    setAgain("");
  };
  return (
    <Panel title="Password">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate({ currentPassword, newPassword }, { onSuccess: clear });
        }}
      >
        {/* So that a keeper of passwords knows whose this is. */}
        <input type="text" name="username" autoComplete="username" value={whoami.name} readOnly hidden />
        <Stack gap="sm">
          <PasswordInput
            label="Present password"
            autoComplete="current-password"
            value={currentPassword}
            error={errors["currentPassword"]}
            onChange={({ currentTarget }) => setCurrent(currentTarget.value)}
          />
          <PasswordInput
            label="New password"
            description="A sentence is easier to remember, and harder to guess, than a word with signs."
            autoComplete="new-password"
            value={newPassword}
            error={errors["newPassword"]}
            onChange={({ currentTarget }) => setNew(currentTarget.value)}
          />
          <PasswordInput
            label="New password once more"
            autoComplete="new-password"
            value={again}
            error={differs ? "is another one" : undefined}
            onChange={({ currentTarget }) => setAgain(currentTarget.value)}
          />
          {save.error === null ? null : <ErrorState error={save.error} />}
          <Group gap="sm">
            <Button
              type="submit"
              loading={save.isPending}
              disabled={currentPassword === "" || newPassword === "" || again !== newPassword}
            >
              Change the password
            </Button>
            <Text size="sm" c="dimmed" role="status">
              {save.isSuccess ? "Changed. Every other session of yours has ended." : ""}
            </Text>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}

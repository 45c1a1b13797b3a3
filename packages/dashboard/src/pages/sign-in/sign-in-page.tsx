import { CostOpsError } from "@llm-cost-ops/sdk";
import { Alert, Anchor, Button, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { problemOf } from "../../data/ask.ts";
import { useCredential, useSessionState } from "../../session/session-context.tsx";
import { Icon } from "../../shell/icons.tsx";

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Shown in place of any page while nobody is signed in; the address stays, and is shown afterwards. */
export function SignInPage({ expired, host = window.location.hostname }: { expired: boolean; host?: string }) {
  const [way, setWay] = useState<"password" | "key">("password");
  const state = useSessionState();
  const [organization, setOrganization] = useState(state.kind === "signed_out" ? state.organization : undefined);
  const isLocal = loopback.test(host);
  return (
    <main className="ground" style={{ minHeight: "100vh", padding: "10vh 1rem" }}>
      <Stack className="panel" maw={380} mx="auto" p="xl" gap="md">
        <Stack gap={4}>
          <img src="/assets/icon.svg" alt="" width={36} height={36} />
          <Title order={1}>LLM Cost Ops</Title>
          <Text c="dimmed">
            {way === "key" ? (
              "An API key is held in this page alone, until it is left."
            ) : organization === undefined ? (
              "Sign in to see what your model calls cost."
            ) : (
              <>
                Sign in to enter <bdi>{organization.name}</bdi>.
              </>
            )}
          </Text>
        </Stack>
        {expired ? (
          <Alert color="yellow" variant="light" icon={<Icon name="warning" />} role="status">
            Your session has ended. Sign in to go on where you were.
          </Alert>
        ) : null}
        {way === "password" ? <PasswordForm organizationId={organization?.id} /> : <KeyForm />}
        {organization === undefined || way === "key" ? null : (
          <Anchor component="button" type="button" size="sm" onClick={() => setOrganization(undefined)}>
            Enter the usual organization instead
          </Anchor>
        )}
        {isLocal ? (
          <Anchor
            component="button"
            type="button"
            size="sm"
            onClick={() => setWay(way === "password" ? "key" : "password")}
          >
            {way === "password" ? "Use an API key instead" : "Use e-mail and password instead"}
          </Anchor>
        ) : null}
      </Stack>
    </main>
  );
}

function useSubmit(submit: () => Promise<void>, onRefused: (error: CostOpsError) => boolean = () => false) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    submit()
      .catch((error: unknown) => {
        if (error instanceof CostOpsError && onRefused(error)) return;
        setProblem(problemOf(error).text);
      })
      .finally(() => setBusy(false));
  };
  return { isBusy, problem, onSubmit };
}

function Problem({ text }: { text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <Alert color="red" variant="light" icon={<Icon name="warning" />} role="alert">
      {text}
    </Alert>
  );
}

function PasswordForm({ organizationId }: { organizationId: string | undefined }) {
  const credential = useCredential();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [needsCode, setNeedsCode] = useState(false);
  const { isBusy, problem, onSubmit } = useSubmit(
    () =>
      credential.signIn({
        email,
        password,
        ...(code === "" ? {} : { code }),
        ...(organizationId === undefined ? {} : { organizationId }),
      }),
    ({ code: reason }) => {
      if (reason === "AUTH_003") setNeedsCode(true);
      return reason === "AUTH_003";
    },
  );
  return (
    <form onSubmit={onSubmit}>
      <Stack gap="sm">
        <Problem text={problem} />
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="username"
          required
          withAsterisk={false}
          value={email}
          onChange={({ currentTarget }) => setEmail(currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={({ currentTarget }) => setPassword(currentTarget.value)}
        />
        {needsCode ? (
          <TextInput
            label="Code of your second factor"
            description="What your authenticator app shows, or a recovery code."
            autoComplete="one-time-code"
            inputMode="text"
            autoFocus
            required
            withAsterisk={false}
            value={code}
            onChange={({ currentTarget }) => setCode(currentTarget.value.trim())}
          />
        ) : null}
        <Button type="submit" loading={isBusy}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}

function KeyForm() {
  const credential = useCredential();
  const [key, setKey] = useState("");
  const { isBusy, problem, onSubmit } = useSubmit(() => credential.enterKey(key));
  return (
    <form onSubmit={onSubmit}>
      <Stack gap="sm">
        <Problem text={problem} />
        <PasswordInput
          label="API key"
          description="The server shows its first one when it starts for the first time."
          autoComplete="off"
          required
          withAsterisk={false}
          value={key}
          onChange={({ currentTarget }) => setKey(currentTarget.value)}
        />
        <Button type="submit" loading={isBusy}>
          Look around
        </Button>
      </Stack>
    </form>
  );
}

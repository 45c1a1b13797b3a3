import { Anchor, Badge, Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { Suspense, useState } from "react";
import { fieldErrorsOf, useAct, useAsk } from "../../../data/ask.ts";
import { Dialog, DialogForm } from "../../../shell/dialog.tsx";
import { lazily } from "../../../shell/lazily.tsx";
import { Answer, Loading, Panel } from "../../../shell/states.tsx";
import { SecretOnce } from "../secret-once.tsx";

/** Few set up a second factor, and they do it once. */
const QrCode = lazily(() => import("./qr-code.tsx"));

type Step = "set-up" | "renew" | "remove";

const titles = {
  "set-up": "Set up a second factor",
  renew: "New recovery codes",
  remove: "Remove the second factor",
} as const satisfies Record<Step, string>;

/** An authenticator app beside the password. */
export function SecondFactorPanel() {
  const whoami = useAsk(["whoami"], (client, options) => client.auth.whoami(options));
  const [step, setStep] = useState<Step>();
  const close = (): void => setStep(undefined);
  return (
    <Panel title="Second factor">
      <Answer of={whoami} rows={3}>
        {({ secondFactor }) => (
          <Stack gap="sm" align="flex-start">
            <Badge size="sm" variant="dot" tt="none" color={secondFactor === true ? "teal" : "gray"}>
              {secondFactor === true ? "On" : "Off"}
            </Badge>
            <Text size="sm" c="dimmed">
              Signing in then also takes the six digits that an authenticator app shows, so that a password alone is
              worth nothing to whoever finds it.
            </Text>
            <Group gap="xs">
              {secondFactor === true ? (
                <>
                  <Button variant="default" onClick={() => setStep("renew")}>
                    New recovery codes
                  </Button>
                  <Button variant="default" c="var(--mantine-color-error)" onClick={() => setStep("remove")}>
                    Remove
                  </Button>
                </>
              ) : (
                <Button onClick={() => setStep("set-up")}>Set it up</Button>
              )}
            </Group>
          </Stack>
        )}
      </Answer>
      <Dialog title={step === undefined ? "" : titles[step]} isOpen={step !== undefined} onClose={close}>
        {step === "set-up" ? <SetUp onClose={close} /> : null}
        {step === "renew" ? <Renew onClose={close} /> : null}
        {step === "remove" ? <Remove onClose={close} /> : null}
      </Dialog>
    </Panel>
  );
}

/** Password, then the app, then the recovery codes. */
function SetUp({ onClose }: { onClose: () => void }) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const start = useAct((client, given: string) => client.auth.startTotp(given), []);
  const confirm = useAct((client, given: string) => client.auth.confirmTotp(given), ["whoami"]);
  if (confirm.data !== undefined) return <RecoveryCodes codes={confirm.data} onClose={onClose} />;
  if (start.data === undefined) {
    return (
      <DialogForm
        verb="Go on"
        isBusy={start.isPending}
        error={start.error}
        canSend={password !== ""}
        onClose={onClose}
        onSend={() => start.mutate(password)}
      >
        <PasswordField value={password} onChange={setPassword} error={fieldErrorsOf(start.error)["password"]} />
      </DialogForm>
    );
  }
  const { secret, uri } = start.data;
  return (
    <DialogForm
      verb="Turn it on"
      isBusy={confirm.isPending}
      error={confirm.error}
      canSend={code !== ""}
      onClose={onClose}
      onSend={() => confirm.mutate(code)}
    >
      <Text size="sm">
        Scan this with your authenticator app. On a telephone{" "}
        <Anchor href={uri} inherit underline="always">
          this link
        </Anchor>{" "}
        opens the app; by hand, add the key below as one that changes with the time.
      </Text>
      <Suspense fallback={<Loading height={208} />}>
        <QrCode text={uri} label="QR code of the key below" />
      </Suspense>
      <code className="settings-secret" data-totp>
        {secret.match(/.{1,4}/g)?.join(" ") ?? secret}
      </code>
      <CodeField value={code} onChange={setCode} error={fieldErrorsOf(confirm.error)["code"]} />
    </DialogForm>
  );
}

function Renew({ onClose }: { onClose: () => void }) {
  const proof = useProof();
  const renew = useAct((client) => client.auth.renewRecoveryCodes(proof.given), []);
  if (renew.data !== undefined) return <RecoveryCodes codes={renew.data} onClose={onClose} />;
  return (
    <DialogForm
      verb="Make new codes"
      isBusy={renew.isPending}
      error={renew.error}
      canSend={proof.isWhole}
      onClose={onClose}
      onSend={() => renew.mutate()}
    >
      <Text size="sm">The older codes are worth nothing then.</Text>
      {proof.fields(renew.error)}
    </DialogForm>
  );
}

function Remove({ onClose }: { onClose: () => void }) {
  const proof = useProof();
  const remove = useAct((client) => client.auth.removeTotp(proof.given), ["whoami"]);
  return (
    <DialogForm
      verb="Remove the second factor"
      isBusy={remove.isPending}
      error={remove.error}
      canSend={proof.isWhole}
      onClose={onClose}
      onSend={() => remove.mutate(undefined, { onSuccess: onClose })}
    >
      <Text size="sm">Signing in takes the password alone then.</Text>
      {proof.fields(remove.error)}
    </DialogForm>
  );
}

function useProof() {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  return {
    given: { password, code },
    isWhole: password !== "" && code !== "",
    fields: (error: unknown) => (
      <>
        <PasswordField value={password} onChange={setPassword} error={fieldErrorsOf(error)["password"]} />
        <CodeField value={code} onChange={setCode} error={fieldErrorsOf(error)["code"]} />
      </>
    ),
  };
}

interface FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: string | undefined;
}

function PasswordField({ value, onChange, error }: FieldProps) {
  return (
    <PasswordInput
      label="Your password"
      autoComplete="current-password"
      data-autofocus
      value={value}
      error={error}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}

function CodeField({ value, onChange, error }: FieldProps) {
  return (
    <TextInput
      label="Code that the app shows"
      autoComplete="one-time-code"
      inputMode="numeric"
      value={value}
      error={error}
      onChange={({ currentTarget }) => onChange(currentTarget.value.trim())}
    />
  );
}

function RecoveryCodes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  return (
    <SecretOnce what="recovery codes" secret={codes.join("\n")} onClose={onClose}>
      <Text size="sm">
        Each is good once, in place of the app where that is lost. Keep them where the telephone is not.
      </Text>
    </SecretOnce>
  );
}

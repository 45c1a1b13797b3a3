import type { AuditCheckpoint, AuditVerification } from "@llm-cost-ops/sdk";
import { Alert, Button, FileButton, Group, Text } from "@mantine/core";
import { useState } from "react";
import { download } from "../../../chart/download.ts";
import { useAct } from "../../../data/ask.ts";
import { formatCount } from "../../../format/numbers.ts";
import { Icon } from "../../../shell/icons.tsx";
import { ErrorState, Panel } from "../../../shell/states.tsx";

/** Has the chain of entries checked, also against what was signed and kept elsewhere. */
export function VerifyPanel() {
  const verify = useAct((client, checkpoint: AuditCheckpoint | undefined) => client.audit.verify(checkpoint), []);
  const sign = useAct((client) => client.audit.checkpoint(), ["audit"]);
  const [isUnreadable, setUnreadable] = useState(false);
  const check = (checkpoint?: AuditCheckpoint): void => {
    setUnreadable(false);
    verify.mutate(checkpoint);
  };
  const checkFile = async (file: File | null): Promise<void> => {
    if (file === null) return;
    try {
      check(JSON.parse(await file.text()) as AuditCheckpoint);
    } catch {
      verify.reset();
      setUnreadable(true);
    }
  };
  return (
    <Panel
      title="Is it whole?"
      aside={
        <Group gap="xs">
          <Button size="xs" loading={verify.isPending} onClick={() => check()}>
            Verify the chain
          </Button>
          <FileButton accept="application/json" onChange={(file) => void checkFile(file)}>
            {(props) => (
              <Button {...props} size="xs" variant="default">
                Compare with a checkpoint
              </Button>
            )}
          </FileButton>
          <Button
            size="xs"
            variant="default"
            loading={sign.isPending}
            onClick={() =>
              sign.mutate(undefined, {
                onSuccess: (made) =>
                  download(
                    `audit-checkpoint-${made.seq}.json`,
                    new Blob([`${JSON.stringify(made, null, 2)}\n`], { type: "application/json" }),
                  ),
              })
            }
          >
            Sign a checkpoint
          </Button>
        </Group>
      }
    >
      <Text size="sm" c="dimmed">
        Each entry carries the hash of the one before it, so that none can be changed or taken away unseen. A signed
        checkpoint, kept where nobody who can reach the database can, also shows whether all of it was written anew.
      </Text>
      <div aria-live="polite">
        {verify.error === null ? null : <ErrorState error={verify.error} />}
        {sign.error === null ? null : <ErrorState error={sign.error} />}
        {isUnreadable ? (
          <Alert mt="sm" color="red" variant="light" icon={<Icon name="warning" />} title="This is no checkpoint">
            The file is not JSON as “Sign a checkpoint” writes it.
          </Alert>
        ) : null}
        {verify.data === undefined || verify.isPending ? null : <Result of={verify.data} />}
      </div>
    </Panel>
  );
}

function Result({ of: { valid, entries, checkpoints, seq, hash, problem } }: { of: AuditVerification }) {
  return (
    <Alert mt="sm" color={valid ? "teal" : "red"} variant="light" icon={<Icon name={valid ? "check" : "warning"} />}>
      <Text size="sm" fw={600}>
        {valid ? "The trail is whole" : "The trail does not fit together"}
      </Text>
      <Text size="sm">
        {problem === null
          ? null
          : `${problem.message} The first entry that does not fit is ${formatCount(problem.seq)}. `}
        {formatCount(entries)} entries were read, {formatCount(checkpoints)} checkpoints agree with them, and everything
        fits up to entry {formatCount(seq)}.
      </Text>
      <Text size="xs" mt={4}>
        Its hash is <code>{hash}</code>.
      </Text>
    </Alert>
  );
}

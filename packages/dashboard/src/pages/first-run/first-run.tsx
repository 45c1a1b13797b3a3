import type { ImportReport } from "@llm-cost-ops/sdk";
import { Button, Code, CopyButton, FileButton, Group, Stack, Tabs, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { useAct } from "../../data/ask.ts";
import { formatCount } from "../../format/numbers.ts";
import { useSession } from "../../session/session-context.tsx";
import { Icon } from "../../shell/icons.tsx";
import { ErrorState, Panel } from "../../shell/states.tsx";
import { LiveArrivals } from "./live-arrivals.tsx";
import { sampleLog, snippetsFor } from "./snippets.ts";
import { type Unsaid, UnsaidFields, type UnsaidProps } from "./unsaid-fields.tsx";

/** From nothing to the first cost: a log, a file, or a few lines of a program, and beside it what arrives. */
export function FirstRun() {
  const { may } = useSession();
  const [unsaid, setUnsaid] = useState<Unsaid>({});
  return (
    <div className="panels">
      <Panel title="Send what your calls used">
        <Tabs defaultValue={may("imports:write") ? "paste" : "program"} keepMounted={false}>
          <Tabs.List mb="sm">
            {may("imports:write") ? (
              <>
                <Tabs.Tab value="paste">Paste a log</Tabs.Tab>
                <Tabs.Tab value="file">Upload a file</Tabs.Tab>
              </>
            ) : null}
            <Tabs.Tab value="program">From a program</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="paste">
            <PasteLog unsaid={unsaid} onUnsaid={setUnsaid} />
          </Tabs.Panel>
          <Tabs.Panel value="file">
            <UploadFile unsaid={unsaid} onUnsaid={setUnsaid} />
          </Tabs.Panel>
          <Tabs.Panel value="program">
            <FromProgram />
          </Tabs.Panel>
        </Tabs>
      </Panel>
      {may("usage:read") ? <LiveArrivals /> : null}
    </div>
  );
}

interface Sent {
  readonly content: string | Blob;
  readonly name: string;
  readonly unsaid: Unsaid;
}

/** That there are costs by then is what the stream of arrivals tells. */
const useImport = () =>
  useAct<Sent, ImportReport>(
    (client, { content, name, unsaid }) => client.imports.create(content, { name, ...unsaid }),
    ["imports"],
  );

function PasteLog({ unsaid, onUnsaid }: UnsaidProps) {
  const [text, setText] = useState("");
  const send = useImport();
  const [example] = useState(() => sampleLog(new Date().toISOString()));
  return (
    <Stack gap="sm">
      <Textarea
        label="Lines of a log"
        description="What OpenAI, Anthropic, Google and others answer, one JSON object a line, or CSV. The format is recognised."
        rows={8}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        placeholder={example}
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
        spellCheck={false}
      />
      <UnsaidFields unsaid={unsaid} onUnsaid={onUnsaid} />
      <Group gap="xs">
        <Button
          loading={send.isPending}
          disabled={text.trim() === ""}
          onClick={() => send.mutate({ content: text, name: "pasted.jsonl", unsaid })}
        >
          Record these
        </Button>
        <Button variant="default" onClick={() => setText(sampleLog(new Date().toISOString()))}>
          Fill in an example
        </Button>
      </Group>
      <Outcome report={send.data} error={send.error} />
    </Stack>
  );
}

function UploadFile({ unsaid, onUnsaid }: UnsaidProps) {
  const send = useImport();
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        Usage exports of providers, JSON lines, CSV or OpenTelemetry, of any size. The same file twice records nothing
        twice.
      </Text>
      <UnsaidFields unsaid={unsaid} onUnsaid={onUnsaid} />
      <FileButton
        onChange={(file) => (file === null ? undefined : send.mutate({ content: file, name: file.name, unsaid }))}
      >
        {(props) => (
          <Button {...props} loading={send.isPending} leftSection={<Icon name="start" size={16} />} w="fit-content">
            Choose a file
          </Button>
        )}
      </FileButton>
      <Outcome report={send.data} error={send.error} />
    </Stack>
  );
}

function Outcome({ report, error }: { report: ImportReport | undefined; error: Error | null }) {
  if (error !== null) return <ErrorState error={error} />;
  if (report === undefined) return null;
  const { recorded, duplicate, unpriced, rejected, rejections } = report;
  return (
    <div role="status">
      <Text size="sm" fw={600}>
        {formatCount(recorded)} recorded
        {duplicate > 0 ? `, ${formatCount(duplicate)} known already` : ""}
        {unpriced > 0 ? `, ${formatCount(unpriced)} without a price` : ""}
        {rejected > 0 ? `, ${formatCount(rejected)} rejected` : ""}.
      </Text>
      {rejections.slice(0, 3).map(({ line, reason }) => (
        <Text key={line} size="xs" c="dimmed">
          Line {formatCount(line)}: {reason}
        </Text>
      ))}
    </div>
  );
}

function FromProgram() {
  const { may } = useSession();
  const make = useAct(
    (client, _: undefined) => client.apiKeys.create({ name: "first program", scopes: ["usage:write"] }),
    ["apiKeys"],
  );
  const snippets = snippetsFor(window.location.origin, make.data?.key ?? "YOUR_API_KEY");
  return (
    <Stack gap="sm">
      {may("keys:write") && make.data === undefined ? (
        <Group gap="xs">
          <Button size="xs" variant="light" loading={make.isPending} onClick={() => make.mutate(undefined)}>
            Make a key for it and fill it in
          </Button>
          <Text size="xs" c="dimmed">
            It may record usage and nothing else.
          </Text>
        </Group>
      ) : null}
      {make.error === null ? null : <ErrorState error={make.error} />}
      {make.data === undefined ? null : (
        <Text size="sm" role="status">
          The key is filled in below and shown this once.
        </Text>
      )}
      {snippets.map(({ name, text }) => (
        <div key={name}>
          <Group justify="space-between" mb={4}>
            <Text size="xs" fw={600}>
              {name}
            </Text>
            <CopyButton value={text}>
              {({ copied, copy }) => (
                <Button size="compact-xs" variant="subtle" onClick={copy} aria-label={`Copy ${name}`}>
                  {copied ? "Copied" : "Copy"}
                </Button>
              )}
            </CopyButton>
          </Group>
          <Code block tabIndex={0} aria-label={name}>
            {text}
          </Code>
        </div>
      ))}
    </Stack>
  );
}

import type { AuditFilters } from "@llm-cost-ops/sdk";
import { Button, Menu, Text } from "@mantine/core";
import { download } from "../../../chart/download.ts";
import { problemOf, useAct } from "../../../data/ask.ts";
import { Icon } from "../../../shell/icons.tsx";

/** Every entry that the filters keep, as a file, oldest first. */
export function ExportMenu({ question }: { question: AuditFilters }) {
  const take = useAct(async (client, format: "jsonl" | "csv") => {
    const file = await client.audit.export({ ...question, format });
    const type = file.contentType ?? "application/octet-stream";
    download(`audit-trail.${format}`, new Blob([await file.bytes()], { type }));
  }, []);
  return (
    <>
      {take.error === null ? null : (
        <Text size="xs" c="var(--mantine-color-error)" role="alert">
          {problemOf(take.error).text}
        </Text>
      )}
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button variant="default" loading={take.isPending} leftSection={<Icon name="download" size={16} />}>
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => take.mutate("csv")}>CSV</Menu.Item>
          <Menu.Item onClick={() => take.mutate("jsonl")}>JSON lines</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

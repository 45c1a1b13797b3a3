import "./prices.css";
import type { CatalogueDifference, CatalogueParams } from "@llm-cost-ops/sdk";
import { Button, FileInput, Group, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct, useAsk } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { formatInstant } from "../../format/instants.ts";
import { formatCount } from "../../format/numbers.ts";
import { useSession } from "../../session/session-context.tsx";
import { ConfirmDialog } from "../../shell/confirm-dialog.tsx";
import { Answer, BackLink, ErrorState, PageHeader, Panel } from "../../shell/states.tsx";
import { DataTable } from "../../table/data-table.tsx";
import { DifferencePanel } from "./catalogue-difference.tsx";
import { priceSubjects } from "./price-questions.ts";

/** Where the published prices come from, and what another edition of them would change. */
export default function CataloguePage() {
  return (
    <>
      <BackLink to="/prices">Prices</BackLink>
      <PageHeader title="Price catalogue" />
      <Stack gap="sm">
        <UpdatePanels />
        <Versions />
      </Stack>
    </>
  );
}

const sourceLabels = {
  bundled: "What ships with the server",
  file: "A catalogue file",
  litellm: "A LiteLLM price map",
} as const satisfies Readonly<Record<CatalogueParams["source"], string>>;

/** What was read from a file, or why it could not be. */
type Content = { readonly json: Readonly<Record<string, unknown>> } | { readonly problem: string } | undefined;

async function contentOf(file: File): Promise<Content> {
  try {
    const json: unknown = JSON.parse(await file.text());
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return { json: json as never };
    return { problem: "is not a JSON object" };
  } catch {
    return { problem: "is not JSON" };
  }
}

function UpdatePanels() {
  const { may } = useSession();
  const [source, setSource] = useState<CatalogueParams["source"]>("bundled");
  const [effectiveDate, setEffectiveDate] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const [content, setContent] = useState<Content>();
  const [isAsking, setAsking] = useState(false);
  const preview = useAct((client, params: CatalogueParams) => client.pricing.catalogue.preview(params), []);
  const apply = useAct(
    (client, params: CatalogueParams) => client.pricing.catalogue.apply(params),
    [...priceSubjects, "catalogue"],
  );
  const params: CatalogueParams = {
    source,
    ...(source === "bundled" || content === undefined || !("json" in content) ? {} : { content: content.json }),
    ...(effectiveDate === "" ? {} : { effectiveDate: `${effectiveDate}:00Z` }),
  };
  const forget = (): void => {
    preview.reset();
    apply.reset();
  };
  const errors = fieldErrorsOf(preview.error);
  const needsFile = source !== "bundled" && (content === undefined || "problem" in content);
  const changes = preview.data;
  return (
    <>
      <Panel title="What would an update change?">
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            apply.reset();
            preview.mutate(params);
          }}
        >
          <Stack gap="sm">
            <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm" maw="60rem">
              <Select
                label="Source"
                description="Where the prices come from"
                allowDeselect={false}
                value={source}
                data={Object.entries(sourceLabels).map(([value, label]) => ({ value, label }))}
                onChange={(value) => {
                  setSource(value as CatalogueParams["source"]);
                  forget();
                }}
              />
              {source === "bundled" ? null : (
                <FileInput
                  label="File"
                  description="JSON; it is read here and sent to your server alone"
                  placeholder="Choose a file"
                  accept="application/json,.json"
                  value={file}
                  error={content !== undefined && "problem" in content ? content.problem : errors["content"]}
                  onChange={(chosen) => {
                    setFile(chosen);
                    setContent(undefined);
                    forget();
                    if (chosen !== null) void contentOf(chosen).then(setContent);
                  }}
                />
              )}
              <TextInput
                type="datetime-local"
                label="From (UTC)"
                description="When changed prices begin; empty: now"
                value={effectiveDate}
                error={errors["effectiveDate"]}
                onChange={({ currentTarget }) => {
                  setEffectiveDate(currentTarget.value);
                  forget();
                }}
              />
            </SimpleGrid>
            {preview.error === null ? null : <ErrorState error={preview.error} />}
            <Group gap="sm">
              <Button type="submit" loading={preview.isPending} disabled={needsFile}>
                Preview
              </Button>
              {apply.data === undefined ? null : (
                <Text size="sm" role="status">
                  Applied as {apply.data.id}.
                </Text>
              )}
            </Group>
          </Stack>
        </form>
      </Panel>
      {changes === undefined || apply.data !== undefined ? null : (
        <DifferencePanel
          difference={changes}
          action={
            may("prices:write") && changesSomething(changes) ? (
              <Button onClick={() => setAsking(true)}>Apply</Button>
            ) : null
          }
        />
      )}
      <ConfirmDialog
        isOpen={isAsking}
        title="Apply this catalogue"
        verb="Apply the catalogue"
        isBusy={apply.isPending}
        error={apply.error}
        onConfirm={() => apply.mutate(params, { onSuccess: () => setAsking(false) })}
        onClose={() => setAsking(false)}
      >
        Changed prices get a new version from then on, for every organization of this server; those of before stay on
        record, and so do costs. Your own prices still go before them.
      </ConfirmDialog>
    </>
  );
}

const changesSomething = ({ added, changed, removed }: CatalogueDifference): boolean =>
  added.length + changed.length + removed.length > 0;

function Versions() {
  const zone = useTimeZone();
  const versions = useAsk(["catalogue", "versions"], (client, options) => client.pricing.catalogue.versions(options));
  return (
    <Panel title="Editions that were applied">
      <Answer of={versions}>
        {(all) => (
          <div className="price-list">
            <DataTable
              name="Editions of the catalogue"
              rows={all}
              rowKey={({ id }) => id}
              empty="None yet."
              columns={[
                { key: "applied", label: "Applied", cell: ({ createdAt }) => formatInstant(createdAt, zone) },
                {
                  key: "from",
                  label: "Prices from",
                  cell: ({ effectiveDate }) => (effectiveDate === null ? "ever" : formatInstant(effectiveDate, zone)),
                },
                { key: "source", label: "Source", cell: ({ source }) => source },
                { key: "models", label: "Models", numeric: true, cell: ({ models }) => formatCount(models) },
                { key: "id", label: "Edition", cell: ({ id }) => <span className="quiet">{id}</span> },
              ]}
            />
          </div>
        )}
      </Answer>
    </Panel>
  );
}

import type { Organization, UpdateOrganizationParams } from "@llm-cost-ops/sdk";
import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct, useAsk } from "../../../data/ask.ts";
import { formatInstant } from "../../../format/instants.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Answer, ErrorState, Panel } from "../../../shell/states.tsx";
import { draftOfLimits, limitsOfDraft } from "../limits-draft.ts";
import { LimitsFields } from "../limits-fields.tsx";
import { Facts } from "../side-panel.tsx";

export default function OrganizationTab() {
  const { organizationId } = useSession();
  const organization = useAsk(["organizations", organizationId], (client, options) =>
    client.organizations.get(organizationId, options),
  );
  return (
    <Answer of={organization} height={320}>
      {(data) => <OneOrganization key={data.id} organization={data} />}
    </Answer>
  );
}

const zones = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

function OneOrganization({ organization }: { organization: Organization }) {
  const { may } = useSession();
  const { id, name: nameBefore, settings, createdAt } = organization;
  const [name, setName] = useState(nameBefore);
  const [zone, setZone] = useState(settings.timezone ?? "UTC");
  const [requests, setRequests] = useState(String(settings.rateLimitRequests ?? ""));
  const [limits, setLimits] = useState(() => draftOfLimits(settings.limits));
  const save = useAct(
    (client, params: UpdateOrganizationParams) => client.organizations.update(id, params),
    ["organizations"],
  );
  const mayChange = may("organizations:write");
  const isTenant = organization.parentId !== null;
  const errors = fieldErrorsOf(save.error);
  // What is named takes the place of everything that stood before, so what this page does not show is sent as it was.
  const { limits: limitsBefore, rateLimitRequests: _requests, timezone: _zone, ...kept } = settings;
  const limitsNow = isTenant ? limitsBefore : limitsOfDraft(limits);
  const send = (): void =>
    save.mutate({
      name: name.trim(),
      settings: {
        ...kept,
        timezone: zone,
        ...(requests.trim() === "" ? {} : { rateLimitRequests: Number(requests) }),
        ...(limitsNow === undefined ? {} : { limits: limitsNow }),
      },
    });
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="panels">
        <Panel title="Organization">
          <Stack gap="sm">
            <TextInput
              label="Name"
              required={mayChange}
              readOnly={!mayChange}
              value={name}
              error={errors["name"]}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
            />
            <Select
              label="Time zone"
              description="Days and times on these pages are of this zone, whoever looks at them."
              searchable
              allowDeselect={false}
              readOnly={!mayChange}
              limit={100}
              data={zones.includes(zone) ? zones : [zone, ...zones]}
              value={zone}
              error={errors["settings.timezone"]}
              onChange={(value) => setZone(value ?? "UTC")}
            />
            <Facts
              facts={{
                Id: <code>{id}</code>,
                "Short name": <bdi>{organization.slug}</bdi>,
                "Tenant of": organization.parentId === null ? null : <code>{organization.parentId}</code>,
                // The first organization of an installation was always there.
                Created: Date.parse(createdAt) === 0 ? null : formatInstant(createdAt, settings.timezone ?? "UTC"),
              }}
            />
          </Stack>
        </Panel>
        <Panel title="Limits of everybody together">
          <Stack gap="sm">
            <TextInput
              label="Requests a minute"
              description="Reads, and as many writes, beside what the installation allows. Empty is no limit of its own."
              inputMode="numeric"
              readOnly={!mayChange}
              value={requests}
              error={errors["settings.rateLimitRequests"]}
              onChange={({ currentTarget }) => setRequests(currentTarget.value)}
            />
            {isTenant ? (
              <Text size="sm" c="dimmed">
                Limits in tokens and money are set by the organization that this is a tenant of.
              </Text>
            ) : (
              <fieldset className="settings-fieldset" disabled={!mayChange}>
                <LimitsFields value={limits} onChange={setLimits} errors={errors} path="settings.limits" />
              </fieldset>
            )}
          </Stack>
        </Panel>
      </div>
      {mayChange ? (
        <Stack gap="sm" mt="sm">
          {save.error === null ? null : <ErrorState error={save.error} />}
          <Group gap="sm">
            <Button type="submit" loading={save.isPending} disabled={name.trim() === ""}>
              Save
            </Button>
            <Text size="sm" c="dimmed" role="status">
              {save.isSuccess ? "Saved." : ""}
            </Text>
          </Group>
        </Stack>
      ) : null}
    </form>
  );
}

import type { ApiKey, Organization, UpdateOrganizationParams } from "@llm-cost-ops/sdk";
import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct, useAsk } from "../../../data/ask.ts";
import { formatInstant } from "../../../format/instants.ts";
import { formatCount } from "../../../format/numbers.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Facts } from "../../../shell/facts.tsx";
import { Answer, ErrorState, Panel } from "../../../shell/states.tsx";
import { limitsText } from "../keys/key-words.ts";
import { draftOfLimits, limitsOfDraft } from "../limits-draft.ts";
import { LimitsFields } from "../limits-fields.tsx";

export default function OrganizationTab() {
  const { organizationId, may } = useSession();
  const organization = useAsk(["organizations", organizationId], (client, options) =>
    client.organizations.get(organizationId, options),
  );
  return (
    <Answer of={organization} height={320}>
      {(data) =>
        may("organizations:write") ? (
          <OneOrganization key={data.id} organization={data} />
        ) : (
          <ForReaders organization={data} />
        )
      }
    </Answer>
  );
}

const zones = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

/** A form that nothing can be written into would look like one that can. */
function ForReaders({ organization }: { organization: Organization }) {
  const { name, settings } = organization;
  return (
    <div className="panels">
      <Panel title="Organization">
        <Facts
          facts={{ Name: <bdi>{name}</bdi>, "Time zone": settings.timezone ?? "UTC", ...otherFacts(organization) }}
        />
      </Panel>
      <Panel title="Limits of everybody together">
        <Facts
          facts={{
            "Requests a minute":
              settings.rateLimitRequests === undefined
                ? "none of its own"
                : `${formatCount(settings.rateLimitRequests)} reads, and as many writes`,
            "Tokens and money": limitsText((settings.limits ?? null) as ApiKey["limits"]) ?? "none of its own",
          }}
        />
      </Panel>
    </div>
  );
}

const otherFacts = ({ id, slug, parentId, createdAt, settings }: Organization) => ({
  Id: <code>{id}</code>,
  "Short name": <bdi>{slug}</bdi>,
  "Tenant of": parentId === null ? null : <code>{parentId}</code>,
  // The first organization of an installation was always there.
  Created: Date.parse(createdAt) === 0 ? null : formatInstant(createdAt, settings.timezone ?? "UTC"),
});

function OneOrganization({ organization }: { organization: Organization }) {
  const { id, name: nameBefore, settings } = organization;
  const [name, setName] = useState(nameBefore);
  const [zone, setZone] = useState(settings.timezone ?? "UTC");
  const [requests, setRequests] = useState(String(settings.rateLimitRequests ?? ""));
  const [limits, setLimits] = useState(() => draftOfLimits(settings.limits));
  const save = useAct(
    (client, params: UpdateOrganizationParams) => client.organizations.update(id, params),
    ["organizations"],
  );
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
              required
              value={name}
              error={errors["name"]}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
            />
            <Select
              label="Time zone"
              description="Days and times on these pages are of this zone, whoever looks at them."
              searchable
              allowDeselect={false}
              limit={100}
              data={zones.includes(zone) ? zones : [zone, ...zones]}
              value={zone}
              error={errors["settings.timezone"]}
              onChange={(value) => setZone(value ?? "UTC")}
            />
            <Facts facts={otherFacts(organization)} />
          </Stack>
        </Panel>
        <Panel title="Limits of everybody together">
          <Stack gap="sm">
            <TextInput
              label="Requests a minute"
              description="Reads, and as many writes, beside what the installation allows. Empty is no limit of its own."
              inputMode="numeric"
              value={requests}
              error={errors["settings.rateLimitRequests"]}
              onChange={({ currentTarget }) => setRequests(currentTarget.value)}
            />
            {isTenant ? (
              <Text size="sm" c="dimmed">
                Limits in tokens and money are set by the organization that this is a tenant of.
              </Text>
            ) : (
              <LimitsFields value={limits} onChange={setLimits} errors={errors} path="settings.limits" />
            )}
          </Stack>
        </Panel>
      </div>
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
    </form>
  );
}

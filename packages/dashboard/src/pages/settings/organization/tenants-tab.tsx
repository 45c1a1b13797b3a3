import type { Organization } from "@llm-cost-ops/sdk";
import { Button, Select, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct, useAsk } from "../../../data/ask.ts";
import { useTimeZone } from "../../../data/organization.ts";
import { formatInstant } from "../../../format/instants.ts";
import { formatMoney, formatMoneyExact } from "../../../format/money.ts";
import { useSession } from "../../../session/session-context.tsx";
import { Dialog, DialogForm } from "../../../shell/dialog.tsx";
import { Icon } from "../../../shell/icons.tsx";
import { Name } from "../../../shell/name.tsx";
import { Answer, EmptyState, Panel } from "../../../shell/states.tsx";
import { type Column, DataTable } from "../../../table/data-table.tsx";
import { SecretOnce } from "../secret-once.tsx";
import { type Spent, spentByOrganization } from "./tenant-costs.ts";

const days = 30;

export default function TenantsTab() {
  const { may, organizationId } = useSession();
  const zone = useTimeZone();
  const organizations = useAsk(["organizations"], (client, options) => client.organizations.list(options));
  const costs = useAsk(["tenant-costs", zone], (client, options) =>
    client.organizations.costs({ days, timezone: zone }, options),
  );
  const [isMaking, setMaking] = useState(false);
  const make = may("organizations:write") ? (
    <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>
      New tenant
    </Button>
  ) : undefined;
  return (
    <>
      <Answer of={organizations} height={200}>
        {(all) => {
          const tenants = all.filter(({ id }) => id !== organizationId);
          return (
            <Panel title="Tenants" aside={tenants.length === 0 ? undefined : make}>
              {tenants.length === 0 ? (
                <EmptyState icon="people" title="No tenant yet" action={make}>
                  An organization of its own below yours, with its own keys, people and budgets, whose costs you see.
                </EmptyState>
              ) : (
                <DataTable
                  name="Tenants"
                  columns={tenantColumns(
                    zone,
                    costs.data === undefined ? new Map() : spentByOrganization(costs.data.data),
                  )}
                  rows={tenants}
                  rowKey={({ id }) => id}
                  maxHeight={640}
                />
              )}
            </Panel>
          );
        }}
      </Answer>
      <Dialog title="New tenant" isOpen={isMaking} onClose={() => setMaking(false)}>
        <MakeTenant onClose={() => setMaking(false)} />
      </Dialog>
    </>
  );
}

const tenantColumns = (zone: string, spent: ReadonlyMap<string, readonly Spent[]>): readonly Column<Organization>[] => [
  { key: "name", label: "Name", cell: ({ name }) => <Name text={name} />, sortBy: ({ name }) => name },
  { key: "slug", label: "Short name", cell: ({ slug }) => <Name text={slug} />, sortBy: ({ slug }) => slug },
  {
    key: "isolation",
    label: "Looked into by",
    cell: ({ isolation }) => (isolation === "shared" ? "Everybody here" : "Administrators here"),
  },
  {
    key: "spent",
    label: `Spent in ${days} days`,
    numeric: true,
    cell: ({ id }) => {
      const sums = spent.get(id) ?? [];
      return (
        <span title={sums.map(({ amount, currency }) => formatMoneyExact(amount, currency)).join(", ")}>
          {sums.map(({ amount, currency }) => formatMoney(amount, currency)).join(", ") || "–"}
        </span>
      );
    },
    sortBy: ({ id }) => spent.get(id)?.[0]?.amount ?? null,
  },
  {
    key: "created",
    label: "Created",
    cell: ({ createdAt }) => formatInstant(createdAt, zone),
    sortBy: ({ createdAt }) => createdAt,
  },
];

function MakeTenant({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [slug, setSlug] = useState("");
  const [isolation, setIsolation] = useState<"strict" | "shared">("strict");
  const create = useAct(
    (client) =>
      client.organizations.create({
        name: name.trim(),
        isolation,
        ...(slug.trim() === "" ? {} : { slug: slug.trim() }),
      }),
    ["organizations", "tenant-costs"],
  );
  const errors = fieldErrorsOf(create.error);
  if (create.data !== undefined) {
    return (
      <SecretOnce what="API key" secret={create.data.apiKey.key} onClose={onClose}>
        <Text size="sm">
          It is the first administrator’s key of <bdi>{create.data.name}</bdi>. Hand it to whoever runs that
          organization.
        </Text>
      </SecretOnce>
    );
  }
  return (
    <DialogForm
      verb="Make the tenant"
      isBusy={create.isPending}
      error={create.error}
      canSend={name.trim() !== ""}
      onClose={onClose}
      onSend={() => create.mutate()}
    >
      <TextInput
        label="Name"
        required
        data-autofocus
        value={name}
        error={errors["name"]}
        onChange={({ currentTarget }) => setName(currentTarget.value)}
      />
      <TextInput
        label="Short name"
        description="Lower-case letters, digits and hyphens. Made of the name where it is empty."
        value={slug}
        error={errors["slug"]}
        onChange={({ currentTarget }) => setSlug(currentTarget.value)}
      />
      <Select
        label="Who of your organization may look into it"
        allowDeselect={false}
        data={[
          { value: "strict", label: "Those who may make tenants" },
          { value: "shared", label: "Everybody who may read organizations" },
        ]}
        value={isolation}
        error={errors["isolation"]}
        onChange={(value) => setIsolation(value === "shared" ? "shared" : "strict")}
      />
    </DialogForm>
  );
}

import "./prices.css";
import type { Repricing } from "@llm-cost-ops/sdk";
import { Anchor, Button, Group, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { fieldErrorsOf, useAct, useAskPages } from "../../data/ask.ts";
import { useTimeZone } from "../../data/organization.ts";
import { formatInstant } from "../../format/instants.ts";
import { formatCount } from "../../format/numbers.ts";
import { useSession } from "../../session/session-context.tsx";
import { BackLink, ErrorState, Loading, PageHeader, Panel } from "../../shell/states.tsx";
import { DataTable } from "../../table/data-table.tsx";
import { textField } from "../../url-state/fields.ts";
import { dayAfter, todayIn } from "../../url-state/period.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { differenceText, RepricingState, scopeText } from "./repricing-words.tsx";

const addressFields = { provider: textField(), model: textField() };

/** Costs of the past computed again with today's prices: a preview first, then corrections that can be taken back. */
export default function RepricingsPage() {
  const { may } = useSession();
  return (
    <>
      <BackLink to="/prices">Prices</BackLink>
      <PageHeader title="Repricing" reads={addressFields} />
      <Stack gap="sm">
        {may("repricings:write") ? <NewRepricing /> : null}
        <Repricings />
      </Stack>
    </>
  );
}

const fields = ["startDate", "endDate", "provider", "model", "reason"] as const;
type Draft = Readonly<Record<(typeof fields)[number], string>>;

function NewRepricing() {
  const [{ provider, model }] = useUrlState(addressFields);
  const [, navigate] = useLocation();
  const [draft, setDraft] = useState<Draft>(() => {
    const today = todayIn("UTC", Date.now());
    return {
      startDate: dayAfter(today, -29),
      endDate: today,
      provider,
      model,
      reason: "",
    };
  });
  const create = useAct(
    (client, { reason, ...scope }: Draft) => {
      const given = Object.entries({ ...scope, reason }).flatMap(([name, text]) =>
        text.trim() === "" ? [] : [[name, text.trim()]],
      );
      return client.repricings.create(Object.fromEntries(given), { timeout: 120_000 });
    },
    ["repricings"],
  );
  const errors = fieldErrorsOf(create.error);
  const field = (name: keyof Draft, label: string, description: string, type = "text") => (
    <TextInput
      type={type}
      label={label}
      description={description}
      value={draft[name]}
      error={errors[name]}
      onChange={({ currentTarget }) => setDraft((before) => ({ ...before, [name]: currentTarget.value }))}
    />
  );
  return (
    <Panel title="What would today’s prices make of the past?">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate(draft, { onSuccess: ({ id }) => navigate(`/prices/repricings/${encodeURIComponent(id)}`) });
        }}
      >
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, xs: 2, md: 5 }} spacing="sm">
            {field("startDate", "From", "Day of UTC; empty: ever", "date")}
            {field("endDate", "To", "Included; empty: now", "date")}
            {field("provider", "Provider", "Empty: all")}
            {field("model", "Model", "Empty: all")}
            {field("reason", "Why", "For the record")}
          </SimpleGrid>
          {create.error === null ? null : <ErrorState error={create.error} />}
          <Group gap="sm">
            <Button type="submit" loading={create.isPending}>
              Preview
            </Button>
            <Text size="xs" c="dimmed">
              Changes no cost: what it would change is shown first.
            </Text>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}

function Repricings() {
  const zone = useTimeZone();
  const repricings = useAskPages<Repricing>(["repricings", "list"], (client, { cursor, ...options }) =>
    client.repricings.list({ cursor, limit: 25 }, options),
  );
  const columns = useMemo(
    () => [
      {
        key: "created",
        label: "Previewed",
        cell: ({ id, createdAt }: Repricing) => (
          <Anchor component={Link} href={`/prices/repricings/${encodeURIComponent(id)}`} inherit>
            {formatInstant(createdAt, zone)}
          </Anchor>
        ),
      },
      { key: "state", label: "State", cell: (one: Repricing) => <RepricingState repricing={one} /> },
      {
        key: "difference",
        label: "Difference",
        numeric: true,
        cell: (one: Repricing) => differenceText(one) || <span className="quiet">none</span>,
      },
      {
        key: "records",
        label: "Calls",
        numeric: true,
        cell: ({ recordsChanged }: Repricing) => formatCount(recordsChanged),
      },
      {
        key: "scope",
        label: "Of",
        cell: (one: Repricing) => (
          <span className="price-name clip" title={scopeText(one, zone)}>
            <bdi>{scopeText(one, zone)}</bdi>
          </span>
        ),
      },
      {
        key: "reason",
        label: "Why",
        cell: ({ reason }: Repricing) => (
          <span className="price-name clip quiet" title={reason ?? ""}>
            <bdi>{reason ?? ""}</bdi>
          </span>
        ),
      },
    ],
    [zone],
  );
  return (
    <Panel title="Earlier ones">
      {repricings.data === undefined ? (
        repricings.error === null ? (
          <Loading />
        ) : (
          <ErrorState error={repricings.error} onRetry={() => void repricings.refetch()} />
        )
      ) : (
        <div className="price-list">
          <DataTable
            name="Repricings"
            columns={columns}
            rows={repricings.data}
            rowKey={({ id }) => id}
            empty="None yet. After a price was corrected, price the past again to see what that makes of it."
          />
          {repricings.hasNextPage ? (
            <Button
              size="xs"
              mt="xs"
              variant="default"
              loading={repricings.isFetchingNextPage}
              onClick={() => void repricings.fetchNextPage()}
            >
              Show more
            </Button>
          ) : null}
        </div>
      )}
    </Panel>
  );
}

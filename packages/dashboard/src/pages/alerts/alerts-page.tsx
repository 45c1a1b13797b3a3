import { Button, Tabs } from "@mantine/core";
import { Link } from "wouter";
import { useSession } from "../../session/session-context.tsx";
import { Icon } from "../../shell/icons.tsx";
import { PageHeader } from "../../shell/states.tsx";
import { choiceField } from "../../url-state/fields.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { ChannelList } from "./channel-list.tsx";
import { Inbox, inboxFields } from "./inbox.tsx";
import { RuleList } from "./rule-list.tsx";

const tabs = ["inbox", "rules", "channels"] as const;
const fields = { tab: choiceField(tabs) };
const allFields = { ...fields, ...inboxFields };

export default function AlertsPage() {
  const [state, change] = useUrlState(fields);
  const { may } = useSession();
  return (
    <>
      <PageHeader title="Alerts" reads={allFields}>
        {may("alerts:write") ? (
          <Button component={Link} href="/alerts/rules/new" leftSection={<Icon name="plus" size={16} />}>
            New rule
          </Button>
        ) : null}
      </PageHeader>
      <Tabs
        value={state.tab}
        onChange={(tab) => change({ tab: (tab ?? "inbox") as (typeof tabs)[number] })}
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          <Tabs.Tab value="inbox">Inbox</Tabs.Tab>
          <Tabs.Tab value="rules">Rules</Tabs.Tab>
          {may("channels:read") ? <Tabs.Tab value="channels">Channels</Tabs.Tab> : null}
        </Tabs.List>
        <Tabs.Panel value="inbox">
          <Inbox />
        </Tabs.Panel>
        <Tabs.Panel value="rules">
          <RuleList />
        </Tabs.Panel>
        {may("channels:read") ? (
          <Tabs.Panel value="channels">
            <ChannelList />
          </Tabs.Panel>
        ) : null}
      </Tabs>
    </>
  );
}

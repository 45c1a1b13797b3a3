import {
  ActionIcon,
  AppShell,
  Badge,
  Burger,
  Group,
  Menu,
  NavLink,
  ScrollArea,
  Text,
  Tooltip,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { Fragment, type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { useOrganization, useTimeZone } from "../data/organization.ts";
import { usePinnedViews, viewIn } from "../data/views.ts";
import { routes } from "../routes.ts";
import type { OrganizationName } from "../session/credential.ts";
import { useCredential, useSession } from "../session/session-context.tsx";
import { AwayBanner } from "./away-banner.tsx";
import { Icon } from "./icons.tsx";
import { PinnedLinks } from "./pinned-links.tsx";
import { StillSignedIn } from "./still-signed-in.tsx";

const groups = ["Costs", "Plan", "Operate", "Manage"] as const;

/** Everything around a page: where one can go, whose costs these are, and in which time zone. */
export function Shell({ children }: { children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure(false);
  const [path] = useLocation();
  const openId = viewIn(useSearch());
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const leave = useLeave();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page, or another view of it, is what this is about.
  useEffect(() => {
    close();
    // A screen reader is told of the new page; at the first one it reads from the top by itself.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [path, openId]);
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 208, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding="md"
      transitionDuration={0}
    >
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="xs" wrap="nowrap" miw={0}>
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <img src="/assets/icon.svg" alt="" width={22} height={22} />
            <Text fw={600} visibleFrom="xs" className="clip">
              LLM Cost Ops
            </Text>
            <WhoseCosts />
          </Group>
          <Group gap={4} wrap="nowrap">
            <SchemeSwitch />
            <Account onLeave={leave.mutate} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages">
        <ScrollArea>
          <Navigation path={path} openId={openId} onGo={close} />
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} ref={main} className="ground">
        <div className="page">
          <AwayBanner />
          {leave.error === null ? null : (
            <StillSignedIn
              error={leave.error}
              isBusy={leave.isPending}
              onRetry={() => leave.mutate(leave.variables)}
              onClose={leave.reset}
            />
          )}
          {children}
        </div>
      </AppShell.Main>
    </AppShell>
  );
}

function Navigation({ path, openId, onGo }: { path: string; openId: string | null; onGo: () => void }) {
  const { may } = useSession();
  const pinned = usePinnedViews();
  return groups.map((group) => {
    const entries = routes.filter((route) => route.group === group && may(...route.needs));
    if (entries.length === 0) return null;
    return (
      <div key={group}>
        <Text size="xs" c="dimmed" px="sm" pt="sm" pb={4} fw={600}>
          {group}
        </Text>
        {entries.map(({ id, path: to, label, icon }) => {
          const below = pinned.filter(({ page }) => page === id);
          const isHere = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
          const active = isHere && !below.some((view) => view.id === openId);
          return (
            <Fragment key={id}>
              <NavLink
                component={Link}
                href={to}
                onClick={onGo}
                label={label}
                active={active}
                {...(active ? { "aria-current": "page" as const } : {})}
                {...(icon === undefined ? {} : { leftSection: <Icon name={icon} /> })}
                py={6}
              />
              <PinnedLinks views={below} openId={isHere ? openId : null} onGo={onGo} />
            </Fragment>
          );
        })}
      </div>
    );
  });
}

function WhoseCosts() {
  const { organizationId } = useSession();
  const organization = useOrganization();
  const zone = useTimeZone();
  return (
    <Group gap="xs" wrap="nowrap" miw={0}>
      <Text c="dimmed" aria-hidden="true">
        /
      </Text>
      <Text className="clip" maw="14rem" title={organization?.name ?? organizationId}>
        {organization?.name ?? organizationId}
      </Text>
      <Tooltip label="Days and times are of this time zone, whatever your own is.">
        <Badge variant="default" size="sm" tt="none" fw={500} tabIndex={0} flex="none">
          {zone}
        </Badge>
      </Tooltip>
    </Group>
  );
}

const schemes = { auto: "light", light: "dark", dark: "auto" } as const;
const schemeIcons = { auto: "auto", light: "sun", dark: "moon" } as const;

function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const label = `Colours: ${colorScheme}. Switch to ${schemes[colorScheme]}`;
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={() => setColorScheme(schemes[colorScheme])}>
        <Icon name={schemeIcons[colorScheme]} />
      </ActionIcon>
    </Tooltip>
  );
}

/** Signs out, and where an organization is named leads to signing in there. */
function useLeave() {
  const credential = useCredential();
  const [, navigate] = useLocation();
  return useMutation({
    mutationFn: async (organization: OrganizationName | undefined) => {
      await credential.signOut(organization);
      // What is looked at here is not there.
      if (organization !== undefined) navigate("/");
    },
  });
}

function Account({ onLeave }: { onLeave: (organization: OrganizationName | undefined) => void }) {
  const { whoami, by, organizationId } = useSession();
  const others = whoami.organizations.filter(({ id }) => id !== organizationId);
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Account: ${whoami.name}`}>
          <Icon name="people" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown maw="20rem">
        <Menu.Label>
          {by === "key" ? "Signed in with the API key" : "Signed in as"} {whoami.name}
        </Menu.Label>
        {by === "key" ? null : (
          <Menu.Item leftSection={<Icon name="keys" />} component={Link} href="/settings/account">
            Your account
          </Menu.Item>
        )}
        <Menu.Item leftSection={<Icon name="reports" />} component="a" href="/docs">
          API reference
        </Menu.Item>
        {others.length === 0 ? null : <Menu.Label>Sign in to another organization</Menu.Label>}
        {others.map((organization) => (
          <Menu.Item key={organization.id} onClick={() => onLeave(organization)}>
            <bdi>{organization.name}</bdi>
          </Menu.Item>
        ))}
        {others.length === 0 ? null : <Menu.Divider />}
        <Menu.Item leftSection={<Icon name="exit" />} onClick={() => onLeave(undefined)}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

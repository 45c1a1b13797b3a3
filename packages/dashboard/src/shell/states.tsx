import { Alert, Anchor, Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { problemOf } from "../data/ask.ts";
import type { ReadFields } from "../url-state/fields.ts";
import { UnreadAddress } from "../url-state/unread-address.tsx";
import { useWrongFields } from "./field-errors.ts";
import { Icon, type IconName } from "./icons.tsx";

/** Nothing is there yet: says what would be, and what to do for it. */
export function EmptyState({
  icon,
  title,
  isPage = false,
  children,
  action,
}: {
  icon: IconName;
  title: string;
  /** Where it is all that there is, its title is the page's. */
  isPage?: boolean;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <Stack align="center" gap="xs" py="xl" ta="center">
      <Text c="dimmed" component="span">
        <Icon name={icon} size={32} />
      </Text>
      <Title order={isPage ? 1 : 2} size="h2">
        {title}
      </Title>
      <Text c="dimmed" maw="32rem">
        {children}
      </Text>
      {action}
    </Stack>
  );
}

/** What an error says, and a way to try again. In a form it leads to the first field that is wrong. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { box, isMarked, unmarked } = useWrongFields(error);
  const { title, text, requestId } = problemOf(error);
  return (
    <Alert ref={box} color="red" variant="light" title={title} icon={<Icon name="warning" />} role="alert">
      <Text size="sm">
        {isMarked ? "Nothing was saved. The fields marked above say what is wrong with them." : text}
      </Text>
      {unmarked.map(([field, message]) => (
        <Text key={field} size="sm">
          <bdi>{`${field}: ${message}`}</bdi>
        </Text>
      ))}
      {requestId === undefined ? null : (
        <Text size="xs" c="dimmed">
          Request {requestId}
        </Text>
      )}
      {onRetry === undefined ? null : (
        <Group mt="xs">
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        </Group>
      )}
    </Alert>
  );
}

export function NoPermission({ what, isPage = false }: { what: string; isPage?: boolean }) {
  return (
    <EmptyState icon="audit" title="You may not see this" isPage={isPage}>
      {what} needs a permission that your role does not have. An administrator of the organization can give it to you.
    </EmptyState>
  );
}

/** Bars where text will be, so that nothing jumps when it comes. */
export function Loading({ rows = 4, height }: { rows?: number; height?: number }) {
  return (
    <div aria-busy="true" role="status" aria-label="Loading">
      {height === undefined ? (
        <Stack gap="xs">
          {[...Array(rows).keys()].map((row) => (
            <Skeleton key={row} height={16} width={`${100 - ((row * 13) % 40)}%`} />
          ))}
        </Stack>
      ) : (
        <Skeleton height={height} />
      )}
    </div>
  );
}

/** An answer as it comes: bars, then what it says, or why not. */
export function Answer<T>({
  of,
  rows,
  height,
  back,
  children,
}: {
  of: UseQueryResult<T, Error>;
  rows?: number;
  height?: number;
  /** Where one goes from a page that is nothing but this, if there is no answer. */
  back?: { readonly to: string; readonly label: string };
  children: (data: T) => ReactNode;
}) {
  if (of.data !== undefined) return children(of.data);
  if (of.error !== null) {
    return (
      <>
        {back === undefined ? null : <BackLink to={back.to}>{back.label}</BackLink>}
        <ErrorState error={of.error} onRetry={() => void of.refetch()} />
      </>
    );
  }
  return <Loading {...(rows === undefined ? {} : { rows })} {...(height === undefined ? {} : { height })} />;
}

/** A part of a page with a heading. */
export function Panel({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="panel" aria-label={title}>
      <Group justify="space-between" mb="xs" gap="xs">
        <Title order={2} size="h3">
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </section>
  );
}

/** From a page that stands in no navigation to the one that it belongs to. */
export function BackLink({ to, children }: { to: string; children: string }) {
  return (
    <Text size="sm" mb={4}>
      <Anchor component={Link} href={to} inherit>
        ← <bdi>{children}</bdi>
      </Anchor>
    </Text>
  );
}

/** The heading of a page, with what belongs to all of it on the other side, and below it what of its address it does not read. */
export function PageHeader(props: {
  readonly title: string;
  /** All that any part of the page reads of the address; nothing where absent. */
  readonly reads?: ReadFields;
  readonly children?: ReactNode;
}) {
  const { title, reads = {}, children } = props;
  return (
    <>
      <Group justify="space-between" mb="md" gap="sm">
        <Title order={1}>{title}</Title>
        <Group gap="xs">{children}</Group>
      </Group>
      <UnreadAddress fields={reads} />
    </>
  );
}

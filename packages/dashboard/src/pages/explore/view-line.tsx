import type { UpdateViewParams, View } from "@llm-cost-ops/sdk";
import { ActionIcon, Anchor, Badge, Button, CopyButton, Group, Menu, Stack, Text } from "@mantine/core";
import { memo, useState } from "react";
import { Link, useLocation } from "wouter";
import { useAct } from "../../data/ask.ts";
import { viewAddress } from "../../data/views.ts";
import { useSession } from "../../session/session-context.tsx";
import { ConfirmDialog } from "../../shell/confirm-dialog.tsx";
import { Icon } from "../../shell/icons.tsx";
import { ErrorState } from "../../shell/states.tsx";
import { useOpenedView } from "./opened-view.ts";
import { RenameDialog } from "./view-dialogs.tsx";

/** Which view is open, whether the page still shows it, and what can be done with it. Nothing where none is. */
export const ViewLine = memo(function ViewLine() {
  const { present, view, isChanged, isMissing } = useOpenedView();
  const without = `/explore${present === "" ? "" : `?${present}`}`;
  if (isMissing) {
    return (
      <Text size="sm" c="dimmed" role="status">
        The view that this address names is gone, or is not shared with you. What it shows is here all the same.{" "}
        <Anchor component={Link} href={without} inherit underline="always">
          Go on without it
        </Anchor>
      </Text>
    );
  }
  return view === undefined ? null : (
    <Opened key={view.id} view={view} present={present} without={without} isChanged={isChanged} />
  );
});

function Opened(props: {
  readonly view: View;
  readonly present: string;
  readonly without: string;
  readonly isChanged: boolean;
}) {
  const { view, present, without, isChanged } = props;
  const { id, name, pinned, mayChange } = view;
  const act = useAct((client, update: UpdateViewParams) => client.views.update(id, update), ["views"]);
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Group gap="xs" wrap="nowrap" miw={0} maw="min(36rem, 100%)">
          <Icon name="bookmark" size={16} />
          <Text fw={600} className="clip" title={name}>
            <bdi>{name}</bdi>
          </Text>
        </Group>
        <Text size="xs" c="dimmed">
          {seenBy(view)}
        </Text>
        {isChanged ? (
          <Badge size="sm" variant="dot" tt="none" color="yellow">
            changed
          </Badge>
        ) : null}
        {isChanged && mayChange ? (
          <Button size="compact-sm" loading={act.isPending} onClick={() => act.mutate({ state: present })}>
            Save changes
          </Button>
        ) : null}
        {isChanged ? (
          <Button size="compact-sm" variant="default" component={Link} href={viewAddress(view)}>
            Discard changes
          </Button>
        ) : null}
        <Button
          size="compact-sm"
          variant={pinned ? "light" : "subtle"}
          aria-pressed={pinned}
          leftSection={<Icon name="pin" size={14} />}
          onClick={() => act.mutate({ pinned: !pinned })}
        >
          Pin
        </Button>
        <CopyButton value={`${window.location.origin}${viewAddress(view)}`}>
          {({ copied, copy }) => (
            <Button
              size="compact-sm"
              variant="subtle"
              leftSection={<Icon name={copied ? "check" : "copy"} size={14} />}
              onClick={copy}
            >
              {copied ? "Copied" : "Copy link"}
            </Button>
          )}
        </CopyButton>
        {mayChange ? <Changes view={view} without={without} onUpdate={act.mutate} /> : null}
      </Group>
      {act.error === null ? null : <ErrorState error={act.error} />}
    </Stack>
  );
}

const seenBy = ({ shared, mine, madeBy }: View): string =>
  mine ? (shared ? "you share it with everybody" : "only you see it") : `shared by ${madeBy}`;

/** What its owner does with a view, or who manages those of all. */
function Changes(props: {
  readonly view: View;
  readonly without: string;
  readonly onUpdate: (update: UpdateViewParams) => void;
}) {
  const { view, without, onUpdate } = props;
  const { id, name, shared, mine } = view;
  const { may } = useSession();
  const [, navigate] = useLocation();
  const [asked, setAsked] = useState<"rename" | "delete">();
  const close = (): void => setAsked(undefined);
  const remove = useAct((client, _: undefined) => client.views.delete(id), ["views"]);
  return (
    <>
      <Menu position="bottom-end" withinPortal withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label="Change this view">
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setAsked("rename")}>Rename…</Menu.Item>
          {shared ? (
            <Menu.Item onClick={() => onUpdate({ shared: false })}>
              {mine ? "Keep it for yourself" : "Leave it to its owner alone"}
            </Menu.Item>
          ) : may("views:share") ? (
            <Menu.Item onClick={() => onUpdate({ shared: true })}>Share with everybody</Menu.Item>
          ) : null}
          <Menu.Item color="red" onClick={() => setAsked("delete")}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RenameDialog view={view} isOpen={asked === "rename"} onClose={close} />
      <ConfirmDialog
        isOpen={asked === "delete"}
        title="Delete this view?"
        verb="Delete the view"
        isBusy={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() =>
          remove.mutate(undefined, {
            onSuccess: () => navigate(without, { replace: true }),
          })
        }
      >
        <bdi>{name}</bdi> is gone then{shared ? ", for everybody who has it at hand" : ""}. The records that it shows
        stay as they are.
      </ConfirmDialog>
    </>
  );
}

import type { View } from "@llm-cost-ops/sdk";
import { Button, Menu } from "@mantine/core";
import { Fragment, useState } from "react";
import { Link } from "wouter";
import { problemOf } from "../../data/ask.ts";
import { useViews, viewAddress } from "../../data/views.ts";
import { Icon } from "../../shell/icons.tsx";
import { useOpenedView } from "./opened-view.ts";
import { SaveDialog } from "./view-dialogs.tsx";

/** Leads to what was kept, one's own first, and keeps what the page shows now. */
export function ViewMenu() {
  const views = useViews();
  const { present, view } = useOpenedView();
  const [isSaving, setSaving] = useState(false);
  const all = (views.data ?? []).filter(({ page }) => page === "explore");
  const groups = [
    { title: "Yours", of: all.filter(({ mine }) => mine) },
    { title: "Shared by others", of: all.filter(({ mine }) => !mine) },
  ].filter(({ of }) => of.length > 0);
  return (
    <>
      <Menu position="bottom-end" withinPortal width={280} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Button variant="default" leftSection={<Icon name="bookmark" size={16} />}>
            Views
          </Button>
        </Menu.Target>
        <Menu.Dropdown className="view-list">
          <Menu.Item leftSection={<Icon name="plus" size={14} />} onClick={() => setSaving(true)}>
            Save view…
          </Menu.Item>
          {groups.map(({ title, of }) => (
            <Fragment key={title}>
              <Menu.Divider />
              <Menu.Label>{title}</Menu.Label>
              {of.map((one) => (
                <ViewItem key={one.id} view={one} isOpen={one.id === view?.id} />
              ))}
            </Fragment>
          ))}
          {views.error === null ? null : <Menu.Label>{problemOf(views.error).text}</Menu.Label>}
          {groups.length === 0 && views.error === null ? (
            <Menu.Label>What you come back to can be kept under a name, for you or for everybody.</Menu.Label>
          ) : null}
        </Menu.Dropdown>
      </Menu>
      <SaveDialog isOpen={isSaving} state={present} onClose={() => setSaving(false)} />
    </>
  );
}

function ViewItem({ view, isOpen }: { readonly view: View; readonly isOpen: boolean }) {
  const { name, pinned, mine, shared, madeBy } = view;
  const note = mine ? (shared ? "shared" : undefined) : `by ${madeBy}`;
  return (
    <Menu.Item
      component={Link}
      href={viewAddress(view)}
      title={name}
      {...(isOpen ? { "aria-current": "page" as const } : {})}
      leftSection={<Icon name={isOpen ? "check" : pinned ? "pin" : "bookmark"} size={14} />}
    >
      <bdi className="clip view-name">{name}</bdi>
      {note === undefined ? null : <span className="clip view-note">{note}</span>}
    </Menu.Item>
  );
}

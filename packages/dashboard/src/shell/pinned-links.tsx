import type { View } from "@llm-cost-ops/sdk";
import { NavLink } from "@mantine/core";
import { Link } from "wouter";
import { viewAddress } from "../data/views.ts";
import { Icon } from "./icons.tsx";

/** The views that somebody has at hand, below the page that they are of. */
export function PinnedLinks(props: {
  readonly views: readonly View[];
  readonly openId: string | null;
  readonly onGo: () => void;
}) {
  const { views, openId, onGo } = props;
  return views.map((view) => {
    const active = view.id === openId;
    return (
      <NavLink
        key={view.id}
        component={Link}
        href={viewAddress(view)}
        onClick={onGo}
        label={<bdi>{view.name}</bdi>}
        title={view.name}
        noWrap
        active={active}
        {...(active ? { "aria-current": "page" as const } : {})}
        leftSection={<Icon name="pin" size={14} />}
        pl="lg"
        py={4}
      />
    );
  });
}

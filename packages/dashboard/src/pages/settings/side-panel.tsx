import { Drawer, Stack } from "@mantine/core";
import type { ReactNode } from "react";

/** One thing of a list with all that is known of it, beside the list. */
export function SidePanel(props: {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly size?: "md" | "lg" | "xl";
  readonly children: ReactNode;
}) {
  const { title, isOpen, onClose, size = "md", children } = props;
  return (
    <Drawer
      opened={isOpen}
      onClose={onClose}
      position="right"
      size={size}
      title={title}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="md">{children}</Stack>
    </Drawer>
  );
}

/** What is known of something, a word and its value a line; what is null is left out. */
export function Facts({ facts }: { facts: Readonly<Record<string, ReactNode>> }) {
  return (
    <dl className="settings-facts">
      {Object.entries(facts).map(([label, value]) =>
        value === null ? null : [<dt key={`${label} label`}>{label}</dt>, <dd key={label}>{value}</dd>],
      )}
    </dl>
  );
}

/** Text that somebody else chose, on one line, whole where it is pointed at. */
export function Name({ text, isWide = false }: { text: string; isWide?: boolean }) {
  return (
    <bdi className={`clip settings-name${isWide ? " settings-name-wide" : ""}`} title={text}>
      {text}
    </bdi>
  );
}

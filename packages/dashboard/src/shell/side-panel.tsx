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
    <Drawer opened={isOpen} onClose={onClose} size={size} title={title}>
      <Stack gap="md">{children}</Stack>
    </Drawer>
  );
}

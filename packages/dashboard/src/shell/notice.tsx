import { Alert } from "@mantine/core";
import type { ReactNode } from "react";

/** Said above every page, and in sight however far down it somebody is. */
export function Notice(props: {
  readonly title: string;
  readonly icon: ReactNode;
  /** `warning` waits for something else than the reader; `error` is read out at once. */
  readonly kind: "warning" | "error";
  readonly onClose?: () => void;
  readonly children: ReactNode;
}) {
  const { title, icon, kind, onClose, children } = props;
  return (
    <Alert
      color={kind === "error" ? "red" : "yellow"}
      role={kind === "error" ? "alert" : "status"}
      variant="light"
      mb="sm"
      icon={icon}
      title={title}
      className="notice"
      {...(onClose === undefined ? {} : { withCloseButton: true, closeButtonLabel: "Close", onClose })}
    >
      {children}
    </Alert>
  );
}

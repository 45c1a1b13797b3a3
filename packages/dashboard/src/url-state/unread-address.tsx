import { Text } from "@mantine/core";
import { useSearch } from "wouter";
import { type Fields, unreadIn } from "./fields.ts";

const shownMax = 5;

/** Says which part of the address the page passes over, lest what it shows instead be taken for what was asked. */
export function UnreadAddress<S extends object>(props: {
  readonly fields: Fields<S>;
  /** Parameters that something else on the page reads. */
  readonly alsoRead?: readonly string[];
}) {
  const unread = [...new Set(unreadIn(props.fields, useSearch(), props.alsoRead ?? []))];
  if (unread.length === 0) return null;
  const more = unread.length - shownMax;
  return (
    <Text size="sm" c="dimmed" role="status" mb="xs">
      This page passes over a part of its address that it does not understand:{" "}
      {unread.slice(0, shownMax).map((part, at) => (
        <bdi key={part}>
          {at === 0 ? null : ", "}
          {part.length > 60 ? `${part.slice(0, 60)}…` : part}
        </bdi>
      ))}
      {more > 0 ? ` and ${more} more` : ""}.
    </Text>
  );
}

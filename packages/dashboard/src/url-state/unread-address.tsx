import { Text } from "@mantine/core";
import { useSearch } from "wouter";
import { type ReadFields, unreadIn } from "./fields.ts";

const shownMax = 5;

/** Says which part of the address the page passes over, lest what it shows instead be taken for what was asked. */
export function UnreadAddress({ fields }: { readonly fields: ReadFields }) {
  const unread = [...new Set(unreadIn(fields, useSearch()))];
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
